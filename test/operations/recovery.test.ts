import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { DebugSession, DebugSessionSpec } from '../../src/api/debugsession.ts';
import { busyboxImage } from '../cluster/image-names.ts';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import { Policies } from '../support/builders/policies.ts';
import { Stage } from '../support/cluster/stage.ts';

// From every bad state there is a good edit, or the next attempt, that leads to a run; and the way there does not
// matter.

let stage: Stage;
let policies: Policies;
const command = ['true'];
const target = { podName: 'web' };

beforeAll(async () => {
  stage = await Stage.open('recovery');
  policies = new Policies(stage);
  await Promise.all(['web', 'stale'].map((name) => stage.runningPod(name, appPod())));
});

afterAll(async () => {
  await stage.close();
  await policies.close();
});

function completed(name: string): Promise<DebugSession> {
  return stage.untilSession(
    name,
    ({ status, metadata }) => status?.phase === 'Completed' && metadata.finalizers === undefined,
  );
}

it('a session whose image cannot be pulled runs at its next attempt with a good image', async () => {
  const image = 'localhost/nobody/has:this';
  await stage.createSession('unpullable', { target, image, command, startTimeout: '5s' });
  await stage.untilPhase('unpullable', 'Failed');
  await stage.changeSession('unpullable', { attempt: 2, image: busyboxImage });
  // It is held: only the end of the pod says that the first container never starts.
  const { status } = await stage.untilPhase('unpullable', 'Completed');
  expect(status?.runs).toMatchObject([{ reason: expect.any(String) as unknown }, { state: 'Ended', exitCode: 0 }]);
  expect(ephemeralNames(await stage.pod('web')).filter((name) => name === status?.debugContainerName)).toHaveLength(1);
});

it('a session that waits for a missing pod runs when the pod comes', async () => {
  await stage.createSession('early', { target: { podName: 'late' }, command });
  await stage.untilPhase('early', 'Pending');
  await stage.createPod('late', appPod());
  expect((await completed('early')).status?.runs).toHaveLength(1);
});

it('a session whose pod never came runs at its next attempt', async () => {
  await stage.createSession('too-early', { target: { podName: 'much-later' }, command, pendingTimeout: '1s' });
  await stage.untilPhase('too-early', 'Failed');
  await stage.createPod('much-later', appPod());
  await stage.changeSession('too-early', { attempt: 2 });
  const { status } = await completed('too-early');
  expect(ephemeralNames(await stage.pod('much-later'))).toEqual([status?.debugContainerName]);
});

it('a session that its policy forbids by its pod runs at its next attempt under another policy', async () => {
  const narrow = await policies.create('narrow', { podSelector: { matchLabels: { debug: 'yes' } } });
  const wide = await policies.create('wide');
  await stage.createSession('forbidden', { target, command, policyName: narrow });
  await stage.untilPhase('forbidden', 'Failed');
  expect(ephemeralNames(await stage.pod('web'))).not.toContain(
    (await stage.session('forbidden')).status?.debugContainerName,
  );
  await stage.changeSession('forbidden', { attempt: 2, policyName: wide });
  expect((await completed('forbidden')).status?.runs?.at(-1)?.policyName).toBe(wide);
});

/** People change the same session in turns, the last edits together always come to the same. */
const wanted: Partial<DebugSessionSpec> = { ttl: '15m', ifUnstoppable: 'EvictPod', podAfterSession: 'Keep' };
const HISTORIES: readonly (readonly Partial<DebugSessionSpec>[])[] = [
  [wanted],
  [{ ttl: '15m' }, { ifUnstoppable: 'EvictPod' }, { podAfterSession: 'Keep' }],
  [{ podAfterSession: 'Keep' }, { ifUnstoppable: 'EvictPod' }, { ttl: '15m' }],
  [{ ttl: '5m' }, { ttl: '40m' }, { ifUnstoppable: 'EvictPod' }, { ifUnstoppable: 'Report' }, wanted],
  [{ podAfterSession: 'Evict' }, { ttl: '15m' }, { podAfterSession: 'Keep' }, { ifUnstoppable: 'EvictPod' }],
];

it('the end of a session depends on what was asked for last, not on the edits before', async () => {
  const ends = await Promise.all(
    HISTORIES.map(async (history, index) => {
      const name = `edited-${index}`;
      await stage.createSession(name, { target, command: ['sleep', '600'], ttl: '10m' });
      await stage.untilPhase(name, 'Running');
      for (const edit of history) await stage.changeSession(name, edit);
      const settled = await stage.untilSession(
        name,
        ({ metadata, status }) =>
          status?.observedGeneration === metadata.generation && status?.runs?.[0]?.effective?.ttl === '15m',
      );
      await stage.changeSession(name, { cancel: true });
      const over = await stage.untilSession(
        name,
        (s) => s.status?.phase === 'Cancelled' && s.metadata.finalizers === undefined,
      );
      return { ...lastingOf(over), ttl: settled.status?.runs?.[0]?.effective?.ttl };
    }),
  );
  expect(ends.slice(1)).toEqual(ends.slice(1).map(() => ends[0]));
  expect(ends[0]).toMatchObject({ phase: 'Cancelled', ttl: '15m', runs: [{ attempt: 1, endedBy: 'Exec' }] });
  const recorded = await Promise.all(HISTORIES.map((_, index) => stage.session(`edited-${index}`)));
  const names = recorded.map(({ status }) => status?.debugContainerName);
  const found = ephemeralNames(await stage.pod('web'));
  expect(found.filter((one) => names.includes(one))).toHaveLength(HISTORIES.length);
});

/** What people see of its end, without times and ids. */
function lastingOf({ spec, status }: DebugSession): object {
  const { ttl, ifUnstoppable, podAfterSession, cancel } = spec;
  return {
    spec: { ttl, ifUnstoppable, podAfterSession, cancel },
    phase: status?.phase,
    reason: status?.reason,
    conditions: status?.conditions?.map(({ type, status: value, reason }) => [type, value, reason]),
    runs: status?.runs?.map(({ attempt, state, endedBy, stop }) => ({ attempt, state, endedBy, cause: stop?.cause })),
  };
}
