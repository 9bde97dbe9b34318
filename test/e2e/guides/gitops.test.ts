import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { DebugSession } from '../../../src/api/debugsession.ts';
import type { Outcome } from '../../cluster/run-program.ts';
import { argocdHealth } from '../../support/argocd-health.ts';
import { Guide } from '../../support/guide.ts';
import { appPod, ephemeralNames, isReady } from '../../support/pods.ts';
import { Stage } from '../../support/stage.ts';

// docs/guides/gitops.md, with its own manifest, applied as a GitOps controller applies it.

const guide = new Guide('gitops.md');
// A day that has not passed, whenever this test runs.
const committed = JSON.stringify(guide.object('inc-4711')).replace('2027-12-01', '2999-12-01');
let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('guide-gitops');
  await stage.createPod('web', appPod());
  await stage.untilPod('web', isReady);
});

afterAll(() => stage.close());

function sync(manifest: string): Promise<Outcome> {
  return stage.kubectl(['apply', '--server-side', '--field-manager=gitops', '-f', '-'], manifest);
}

function runsOf(session: DebugSession): [number, string | undefined][] {
  return (session.status?.runs ?? []).map((run) => [run.attempt, run.reason]);
}

/** Ended, and the finalizer off: the operator has nothing more to write. */
function settled(name: string, attempt: number): Promise<DebugSession> {
  return stage.untilSession(
    name,
    ({ metadata, status }) =>
      status?.attempt === attempt && status.completedAt !== undefined && metadata.finalizers === undefined,
  );
}

it('a commit that is applied again and again injects once', async () => {
  expect(await sync(committed)).toMatchObject({ code: 0 });
  const ended = await settled('inc-4711', 1);
  expect(argocdHealth(ended)).toMatchObject({ status: 'Healthy' });
  expect(await sync(committed)).toMatchObject({ code: 0 });
  const again = await stage.session('inc-4711');
  expect(again.metadata.resourceVersion).toBe(ended.metadata.resourceVersion);
  const diff = await stage.kubectl(['diff', '--server-side', '--field-manager=gitops', '-f', '-'], committed);
  expect(diff).toMatchObject({ code: 0, stdout: '' });
  expect(ephemeralNames(await stage.pod('web'))).toHaveLength(1);
});

it('a raised attempt debugs again, and its revert starts nothing', async () => {
  await sync(committed.replace('"attempt":1', '"attempt":2'));
  const second = await settled('inc-4711', 2);
  expect(runsOf(second)).toEqual([
    [1, 'Exited'],
    [2, 'Exited'],
  ]);
  expect(await sync(committed)).toMatchObject({ code: 0 });
  const reverted = await stage.untilSession(
    'inc-4711',
    ({ metadata, status }) => status?.observedGeneration === metadata.generation,
  );
  expect(reverted.spec.attempt).toBe(1);
  expect(runsOf(reverted)).toEqual(runsOf(second));
  expect(ephemeralNames(await stage.pod('web'))).toHaveLength(2);
});

it('nothing starts after notAfter', async () => {
  const late = committed.replace('"attempt":1', '"attempt":3').replace('2999-12-01', '2026-01-01');
  await sync(late);
  const lapsed = await stage.untilPhase('inc-4711', 'Failed');
  expect(runsOf(lapsed).at(-1)).toEqual([3, 'Lapsed']);
  expect(guide.text).toContain(lapsed.status?.runs?.at(-1)?.message);
  expect(argocdHealth(lapsed)).toMatchObject({ status: 'Degraded' });
  expect(ephemeralNames(await stage.pod('web'))).toHaveLength(2);
});

it('a sync while a run lives is refused with the reason, and changes nothing', async () => {
  const live = committed.replace('inc-4711"', 'live"').replace(/"command":\[[^\]]*\]/, '"command":["sleep","600"]');
  await sync(live);
  const running = await stage.untilPhase('live', 'Running');
  expect(argocdHealth(running)).toMatchObject({ status: 'Healthy' });
  const refused = await sync(live.replace('"attempt":1', '"attempt":2'));
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain('attempt cannot be raised while the session is Running');
});
