import { expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import type { Run } from '../../../src/api/debugsession.ts';
import type { ContainerState, Pod } from '../../../src/api/pod.ts';
import { containerOf } from '../../../src/session/container/container-of.ts';
import { anApproval } from '../../support/builders/approvals.ts';
import { aPod, ARRIVED_MS, aSession } from '../../support/builders/builders.ts';
import { anApiError } from '../../support/fakes/fake-client.ts';
import {
  INJECT,
  READ_POD,
  type ReconcilerScene,
  reconcilerScenes,
  REVIEW,
  STATUS,
} from '../../support/world/reconciler-scene.ts';

// Which questions an operator asks before an injection, and what it does where the answer comes too late.

const scenes = reconcilerScenes();

const times = (scene: ReconcilerScene, request: string): number =>
  scene.writes.filter((write) => write === request).length;

/** The pod with the container of the newest run, as the API server has it. */
function withContainer({ session }: ReconcilerScene, state?: ContainerState): Pod {
  const [run] = session.status?.runs ?? [];
  if (run === undefined) throw new Error('there is no run');
  const container = containerOf(session, run);
  return aPod((pod) => {
    pod.metadata.resourceVersion = '99';
    pod.spec.ephemeralContainers = [container];
    if (state !== undefined) pod.status.ephemeralContainerStatuses = [{ name: container.name, state }];
  });
}

it('a run goes on where its container stands in the pod before its requester lost the right', async () => {
  const scene = scenes();
  scene.client.on(INJECT, anApiError(500, 'the answer was lost'));
  await expect(scene.run()).rejects.toThrow('the answer was lost');
  scene.client.on(READ_POD, { items: [withContainer(scene)] });
  scene.client.on(REVIEW, { status: { allowed: false } });
  scene.takeInjections();
  scene.clock.advance(4_000);
  await scene.run();
  expect(scene.session.status?.runs).toMatchObject([{ state: 'Starting' }]);
  expect(scene.told).toContain('Injected');
});

it('the operator does not repeat an injection whose approver has lost the right', async () => {
  const scene = scenes(aSession(), aPod(), { approval: { required: 1, validFor: '1h' } });
  let mayApprove = true;
  scene.client.on(REVIEW, (body) => {
    const { spec } = body as { spec: { resourceAttributes: { verb: string } } };
    return { status: { allowed: spec.resourceAttributes.verb !== 'approve' || mayApprove } };
  });
  scene.client.on(READ_POD, { items: [aPod()] });
  scene.client.on(INJECT, anApiError(500, 'later'));
  scene.approvals.push(anApproval(scene.session, 'bob'));
  await expect(scene.run()).rejects.toThrow('later');
  mayApprove = false;
  scene.clock.advance(ARRIVED_MS);
  await scene.run();
  expect(times(scene, INJECT)).toBe(1);
  expect(scene.session.status?.runs).toMatchObject([{ state: 'Failed', reason: 'ApprovalRequired' }]);
});

it('the operator injects an approved run although its policy demands no approval any more', async () => {
  const before = scenes(aSession(), aPod(), { approval: { required: 1, validFor: '1h' } });
  before.approvals.push(anApproval(before.session, 'bob'));
  before.client.on(INJECT, anApiError(500, 'later'));
  await expect(before.run()).rejects.toThrow('later');
  const { session } = before;
  expect(session.status?.runs).toMatchObject([{ approvedBy: [{ username: 'bob' }] }]);
  const scene = scenes({ ...session, metadata: { ...session.metadata, resourceVersion: '100' } });
  await scene.run();
  expect(scene.writes).toEqual([REVIEW, INJECT]);
});

it('a failed question about the requester is no failure where the intent was not written', async () => {
  const scene = scenes();
  scene.client.on(REVIEW, anApiError(503, 'not now'));
  scene.client.on(STATUS, anApiError(409, 'the object has been modified'));
  const unheard: unknown[] = [];
  const listen = (reason: unknown): void => void unheard.push(reason);
  process.on('unhandledRejection', listen);
  expect(await scene.run()).toEqual({ requeue: true });
  await turn();
  process.off('unhandledRejection', listen);
  expect([times(scene, REVIEW), unheard]).toEqual([1, []]);
});

it('the answer about the requester counts for one second after its question', async () => {
  const scene = scenes();
  // Long after the process has begun.
  scene.clock.advance(60_000);
  const replace = scene.client.replace.bind(scene.client);
  scene.client.replace = async <T>(path: string, body: unknown): Promise<T> => {
    const answer = await replace<T>(path, body);
    await turn();
    scene.clock.advance(1_000);
    return answer;
  };
  await scene.run();
  expect([times(scene, REVIEW), times(scene, INJECT)]).toEqual([1, 1]);
});

it('the operator asks nothing about the requester of a run whose status it brings up to date', async () => {
  const before = scenes();
  await before.run();
  const { session } = before;
  const stored = { ...session, metadata: { ...session.metadata, resourceVersion: '100' } };
  const waits = { waiting: { reason: 'ErrImagePull', message: 'no such image' } };
  const scene = scenes(stored, withContainer(before, waits));
  scene.clock.advance(6_000);
  await scene.run();
  expect(scene.session.status?.reason).toBe('ImagePullFailed');
  expect(scene.writes).toEqual([STATUS]);
});

it('the operator asks about the requester once for the second attempt as well', async () => {
  const first: Run = { attempt: 1, state: 'Failed', reason: 'PodNotFound', message: 'There was no pod' };
  const scene = scenes(aSession({ attempt: 2 }, { status: { attempt: 1, runs: [first] } }));
  await scene.run();
  expect(scene.writes.slice(-3)).toEqual([STATUS, REVIEW, INJECT]);
  expect([times(scene, REVIEW), scene.session.status?.attempt]).toEqual([1, 2]);
});
