import { describe, expect, it } from '@jest/globals';
import { type DebugSession, FINALIZER, LIVE_LABEL } from '../../../../src/api/debugsession.ts';
import type { PolicyView } from '../../../../src/session/look/rules.ts';
import type { Situation } from '../../../../src/session/look/situation.ts';
import type { Plan } from '../../../../src/session/plan/effect.ts';
import { interestOf, plan } from '../../../../src/session/plan/plan.ts';
import { aPod, aSession, NOON } from '../../../support/builders/builders.ts';
import { OPEN_POLICY, OPEN_RULES } from '../../../support/builders/open-policy.ts';
import { World } from '../../../support/world/world.ts';

// What a session that waits says of it where the operator can read its policies for a moment only, or not yet.

const UNREAD: PolicyView = { kind: 'unread', message: 'the API server does not answer' };
const APPROVAL: PolicyView = { kind: 'found', spec: { ...OPEN_POLICY, approval: { required: 1 } } };

/** A session that waits for its pod. */
function withoutPod(): World {
  const world = new World();
  world.pod = undefined;
  world.settle();
  expect([world.phase, world.condition('Injected')]).toEqual(['Pending', 'False PodNotFound']);
  return world;
}

describe('a policy that cannot be read for a moment', () => {
  it('an accepted session keeps what it says while its policy cannot be read', () => {
    const world = withoutPod();
    world.rules = { ...OPEN_RULES, policy: UNREAD };
    world.pass(1_000);
    expect(world.look()).toEqual({ effect: { kind: 'none' }, events: [], requeueAfterMs: 599_999 });
  });

  it('a session that is not accepted yet says that its policy cannot be read', () => {
    const world = new World();
    world.rules = { ...OPEN_RULES, policy: APPROVAL };
    world.settle();
    expect(world.condition('Injected')).toBe('False ApprovalRequired');
    world.rules = { ...OPEN_RULES, policy: UNREAD };
    world.settle();
    expect([world.condition('Injected'), world.condition('Accepted'), world.session.status?.approval]).toEqual([
      'False PolicyNotFound',
      'Unknown PolicyNotFound',
      undefined,
    ]);
  });

  it('nobody is asked for an approval while the operator does not know who the requester is', () => {
    const world = new World();
    world.rules = { ...OPEN_RULES, policy: APPROVAL };
    world.authority = { kind: 'unread', message: 'no' };
    world.settle();
    expect([world.condition('Injected'), world.told, world.session.status?.approval]).toEqual([
      'False AdmissionPolicyMissing',
      [],
      undefined,
    ]);
  });
});

describe('the finalizer of a session that waits', () => {
  it('a waiting attempt keeps the finalizer while the container of the attempt before it may run', () => {
    const world = World.neverStarted();
    world.pass(140_000);
    world.changePod(({ status }) => delete status.containerStatuses?.[0]?.state);
    world.edit({ attempt: 2, target: { podName: 'web-1', containerName: 'app' } });
    world.settle();
    expect([world.phase, world.condition('Injected')]).toEqual(['Pending', 'False TargetContainerNotRunning']);
    expect(world.session.metadata.finalizers).toHaveLength(1);
  });
});

describe('a session of which nothing is known', () => {
  const { status, ...fresh } = aSession();

  /** What the operator does about a session without any status. */
  function look(about: Partial<Situation>, session: DebugSession = fresh): Plan {
    return plan({ session, sighting: { kind: 'present', pod: aPod() }, now: NOON, ...about });
  }

  const inForce = { kind: 'inForce', since: NOON - 3_600_000 } as const;

  it('a new session has an empty status', () => {
    expect(status).toEqual({ observedGeneration: -1 });
  });

  it.each<[string, Partial<Situation>, string]>([
    ['nothing', {}, 'AdmissionPolicyMissing'],
    ['who asks', { authority: inForce }, 'PolicyNotFound'],
    ['who asks, without a pod', { authority: inForce, rules: OPEN_RULES, sighting: { kind: 'gone' } }, 'PodNotFound'],
    [
      'that approvals are missing',
      { authority: inForce, rules: { ...OPEN_RULES, policy: APPROVAL } },
      'ApprovalRequired',
    ],
    ['approvals, and not who asks', { rules: { ...OPEN_RULES, policy: APPROVAL } }, 'AdmissionPolicyMissing'],
  ])('a session without a status waits where the operator knows %s', (_, about, waitingFor) => {
    expect(look(about).effect).toMatchObject({ kind: 'writeStatus', status: { phase: 'Pending', waitingFor } });
  });

  it('a session without a status gets its finalizer, and its intent', () => {
    const known = { authority: inForce, rules: OPEN_RULES };
    const bare = look(known);
    expect([bare.effect.kind, bare.events]).toEqual(['addFinalizer', []]);
    const metadata = { finalizers: [FINALIZER], labels: { [LIVE_LABEL]: 'true' } };
    const guarded = { ...fresh, metadata: { ...fresh.metadata, ...metadata } };
    expect(look(known, guarded).effect).toMatchObject({ kind: 'writeStatus', status: { phase: 'Starting' } });
  });

  it('the operator looks at the target of a session without a status', () => {
    expect(interestOf(fresh, NOON)).toEqual({ kind: 'pod', name: 'web-1' });
  });
});
