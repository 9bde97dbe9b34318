import { expect, it } from '@jest/globals';
import type { DebugSession } from '../../../src/api/debugsession.ts';
import { anApproval } from '../../support/builders/approvals.ts';
import { aPod, aSession } from '../../support/builders/builders.ts';
import {
  FINALIZERS,
  INJECT,
  type ReconcilerScene,
  reconcilerScenes,
  REVIEW,
  STATUS,
} from '../../support/world/reconciler-scene.ts';

// What no watch shows: whether the people who approved may approve. The operator asks before it writes anything.

const aScene = reconcilerScenes();

/** A session that waits for one approval; only these people may give one. */
async function waiting(allowed: readonly string[] = []): Promise<ReconcilerScene> {
  const scene = aScene(aSession({ pendingTimeout: '3h' }), aPod(), { approval: { required: 1, validFor: '1h' } });
  scene.client.on(REVIEW, (body) => {
    const { spec } = body as { spec: { user: string; resourceAttributes: { verb: string } } };
    return { status: { allowed: spec.resourceAttributes.verb !== 'approve' || allowed.includes(spec.user) } };
  });
  await scene.run();
  expect(scene.session.status).toMatchObject({ phase: 'Pending', reason: 'ApprovalRequired' });
  scene.client.sent.splice(0);
  return scene;
}

function approve(scene: ReconcilerScene, username: string): void {
  scene.approvals.push(anApproval(scene.session, username));
}

it('the operator puts no finalizer on a session whose approver may not approve, and says why it waits', async () => {
  const scene = await waiting();
  approve(scene, 'bob');
  await scene.run();
  expect(scene.writes.filter((write) => write !== REVIEW)).toEqual([STATUS]);
  expect(messageOf(scene.session)).toMatch(/that of bob does not count/);
  scene.client.sent.splice(0);
  expect(await scene.run()).toEqual({ requeueAfterMs: 60_000 });
  expect(scene.writes.filter((write) => write !== REVIEW)).toEqual([]);
});

it('a session starts when its approver has got the right, of which no watch tells', async () => {
  const allowed: string[] = [];
  const scene = await waiting(allowed);
  approve(scene, 'bob');
  await scene.run();
  allowed.push('bob');
  scene.clock.advance(60_000);
  await scene.run();
  expect(scene.session.status?.runs?.[0]?.approvedBy).toMatchObject([{ username: 'bob' }]);
});

it('an approver without the right does not stand in the way of another', async () => {
  const scene = await waiting(['carol']);
  approve(scene, 'bob');
  approve(scene, 'carol');
  await scene.run();
  expect(scene.writes.filter((write) => write !== REVIEW)).toEqual([FINALIZERS, STATUS, INJECT]);
  expect(scene.session.status?.runs?.[0]?.approvedBy).toMatchObject([{ username: 'carol' }]);
});

it('the operator asks about an approver before the finalizer, before the intent and before the injection', async () => {
  const scene = await waiting(['carol']);
  approve(scene, 'carol');
  await scene.run();
  const asked = scene.client.sent.flatMap(({ verb, path, body }) => {
    const about = (body as { spec?: { resourceAttributes?: { verb: string } } } | undefined)?.spec?.resourceAttributes;
    return about === undefined ? [`${verb} ${path}`] : [about.verb];
  });
  expect(asked.filter((request) => request !== 'use')).toEqual([
    ...['approve', FINALIZERS],
    ...['approve', STATUS],
    ...['approve', INJECT],
  ]);
});

function messageOf({ status }: DebugSession): string {
  return status?.conditions?.find(({ type }) => type === 'Reconciling')?.message ?? '';
}
