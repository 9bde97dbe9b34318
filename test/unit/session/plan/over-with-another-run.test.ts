import { describe, expect, it } from '@jest/globals';
import type { DebugSessionSpec } from '../../../../src/api/debugsession.ts';
import { OPEN_POLICY, OPEN_RULES } from '../../../support/builders/open-policy.ts';
import { interestOf } from '../../../../src/session/plan/plan.ts';
import { World } from '../../../support/world/world.ts';

// A session that is over, an earlier container of which may start yet, while its pod is to go.

const BLOCKED = { kind: 'blocked', message: 'Cannot evict pod as it would violate the disruption budget.' } as const;
const TERMINATING = '2026-01-01T12:05:00Z';

/** The first attempt never started, and its container may; the second ran and has ended. */
function twoRuns(spec: Partial<DebugSessionSpec> = {}): World {
  const world = World.neverStarted({ command: ['true'], ...spec });
  world.pass(140_000);
  world.edit({ attempt: 2 });
  world.settle();
  world.starts();
  world.settle();
  world.ends();
  world.settle();
  world.container = world.session.status?.runs?.[0]?.debugContainerName;
  return world;
}

function blocked(): World {
  const world = twoRuns({ podAfterSession: 'Evict' });
  expect([world.phase, world.actions.underWay]).toEqual(['Completed', 'Eviction']);
  world.tried(BLOCKED);
  world.settle();
  expect(world.condition('PodRetired')).toBe('False EvictionBlocked');
  return world;
}

describe('a pod that is to go', () => {
  it('the operator sees and ends what starts late in a pod that it cannot evict', () => {
    const world = blocked();
    world.starts();
    world.settle();
    expect(world.session.status?.runs?.[0]).toMatchObject({ state: 'StartedLate', stop: { cause: 'StartedLate' } });
    expect([world.phase, world.condition('StopConfirmed'), world.actions.underWay]).toEqual([
      'Completed',
      'False StartedLate',
      'Exec',
    ]);
    expect(world.told.filter((reason) => reason === 'StartedLate')).toHaveLength(1);
  });

  it('the operator tells the retirement of a pod once, also where it cannot evict the pod', () => {
    const world = blocked();
    expect(world.told.filter((reason) => reason === 'Retiring')).toHaveLength(1);
  });

  it('the finalizer stays until an earlier container of the session is gone with its terminating pod', () => {
    const world = blocked();
    world.changePod((pod) => (pod.metadata.deletionTimestamp = TERMINATING));
    world.settle();
    expect([world.run.podRetired, world.session.metadata.finalizers?.length]).toEqual([true, 1]);
    expect(world.condition('PodRetired')).toBe('True Retired');
    expect(world.effects).not.toContain('removeFinalizer');
    world.podGoes({ seen: true });
    world.settle();
    expect(world.session.metadata.finalizers).toEqual([]);
  });

  it('the deletion of a session waits 30 s for the eviction of its pod, and no longer', () => {
    const world = World.running({ command: ['true'], podAfterSession: 'Evict' });
    world.ends();
    world.settle();
    world.tried(BLOCKED);
    world.settle();
    world.delete();
    world.pass(4_000);
    expect([world.settle(), world.gone]).toEqual([1_000, false]);
    world.pass(25_999);
    world.settle();
    world.tried(BLOCKED);
    expect([world.settle(), world.gone]).toEqual([1, false]);
    world.pass(1);
    world.settle();
    expect(world.gone).toBe(true);
  });
});

describe('an earlier run whose pod the policy demands to go', () => {
  /** The late start of the first attempt has ended, after the second attempt was cancelled. */
  function owing(): World {
    const world = new World({ startTimeout: '1m', ttl: '5m', command: ['true'] });
    world.rules = { ...OPEN_RULES, policy: { kind: 'found', spec: { ...OPEN_POLICY, podAfterSession: 'Evict' } } };
    world.settle();
    world.waits('ErrImagePull', 'no such image');
    world.pass(201_000);
    world.settle();
    world.edit({ attempt: 2, cancel: true });
    world.settle();
    expect(world.session.status).toMatchObject({ phase: 'Cancelled', attempt: 2 });
    world.container = world.session.status?.runs?.[0]?.debugContainerName;
    world.starts();
    world.settle();
    world.tried({ kind: 'asked' });
    world.ends({ exitCode: 143 });
    return world;
  }

  it('the operator records at the earlier run that its pod went, and the newest run stays as it is', () => {
    const world = owing();
    const newest = world.run;
    world.settle();
    expect([world.actions.underWay, world.run]).toEqual(['Eviction', newest]);
    world.tried({ kind: 'asked' });
    world.changePod((pod) => (pod.metadata.deletionTimestamp = TERMINATING));
    world.settle();
    expect(world.session.status?.runs).toMatchObject([{ attempt: 1, podRetired: true }, { attempt: 2 }]);
    expect([world.phase, world.run, world.session.metadata.finalizers]).toEqual(['Cancelled', newest, []]);
  });

  it('the finalizer stays while the operator cannot look at the pod that has to go', () => {
    const world = owing();
    world.step();
    expect(world.session.status?.runs?.[0]).toMatchObject({ exitCode: 143 });
    world.forgetConditions();
    world.sighting = () => ({ kind: 'unseen', message: 'no' });
    world.settle();
    expect(world.session.metadata.finalizers).toHaveLength(1);
  });
});

describe('an earlier run whose container may start', () => {
  it('the operator looks again when more becomes known of the earlier container', () => {
    const world = twoRuns();
    const lastMoment = Date.parse(world.session.status?.runs?.[0]?.lastMoment ?? '');
    expect([world.settle(), world.condition('StopConfirmed')]).toEqual([
      lastMoment - world.now,
      'Unknown MayStartLate',
    ]);
  });

  it('the operator looks at the pod of the earlier run where the newest ran in another pod', () => {
    const { session, now } = twoRuns();
    const { runs = [] } = session.status ?? {};
    const moved = runs.map((run) => (run.attempt === 1 ? { ...run, podName: 'first', podUID: 'pod-uid-0' } : run));
    expect(interestOf({ ...session, status: { ...session.status, runs: moved } }, now)).toEqual({
      kind: 'pod',
      name: 'first',
    });
  });
});

it('ttlAfterFinished does not count before the end of a session is written', () => {
  const world = World.running({ ttlAfterFinished: '1h' });
  world.ends();
  world.settle();
  world.forgetConditions();
  world.pass(24 * 3_600_000);
  expect([world.step().effect.kind, world.condition('StopConfirmed'), world.gone]).toEqual([
    'writeStatus',
    'True Terminated',
    false,
  ]);
});
