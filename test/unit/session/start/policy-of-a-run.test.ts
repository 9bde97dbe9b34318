import { describe, expect, it } from '@jest/globals';
import type { DebugPolicySpec } from '../../../../src/api/debugpolicy.ts';
import type { DebugSession, Run } from '../../../../src/api/debugsession.ts';
import type { PolicyView, Rules } from '../../../../src/session/look/rules.ts';
import { asAllowed, isRevoked, judgesPod, permit, policyNameOf } from '../../../../src/session/start/permission.ts';
import { aPod, aSession } from '../../../support/builders/builders.ts';
import { OPEN_POLICY, OPEN_RULES } from '../../../support/builders/open-policy.ts';

const RUN: Run = { attempt: 1, podName: 'web-1', policyName: 'then', image: 'busybox', state: 'Running' };

function under(policy: Partial<DebugPolicySpec>): Rules {
  return { ...OPEN_RULES, policy: { kind: 'found', spec: { ...OPEN_POLICY, ...policy } } };
}

/** A session with this run, whose spec names another policy by now. */
function withRun(run: Run | undefined, attempt = 1): DebugSession {
  const status = run === undefined ? {} : { attempt: run.attempt, runs: [run] };
  return aSession({ policyName: 'now', attempt }, { status });
}

describe('the policy that counts', () => {
  const over: Run = { ...RUN, state: 'Ended' };

  it.each<[string, DebugSession, string]>([
    ['before its first run', withRun(undefined), 'now'],
    ['while its run lives', withRun(RUN), 'then'],
    ['while its run lives and the next attempt waits', withRun(RUN, 2), 'then'],
    ['after its run', withRun(over), 'then'],
    ['after its run, with the next attempt', withRun(over, 2), 'now'],
  ])('a session is under the policy of its run or of its spec: %s', (_, session, name) => {
    expect(policyNameOf(session)).toBe(name);
  });

  it('a session that names no policy is under the default', () => {
    expect(policyNameOf(aSession())).toBe('default');
  });
});

describe('a policy that judges the pod', () => {
  it.each<[string, PolicyView | undefined, boolean]>([
    ['nothing', under({}).policy, false],
    ['a podSelector', under({ podSelector: { matchLabels: { app: 'web' } } }).policy, true],
    ['a limit of the pod', under({ limits: { perPod: 1 } }).policy, true],
    ['a limit of the user', under({ limits: { perUser: 1 } }).policy, false],
    ['an absent policy', { kind: 'absent' }, false],
    ['an unread policy', { kind: 'unread', message: 'not yet' }, false],
    ['no policy', undefined, false],
  ])('judgesPod tells whether the pod may change what is allowed: %s', (_, policy, expected) => {
    expect(judgesPod(policy)).toBe(expected);
  });
});

describe('the end that a policy allows', () => {
  const demanded = { ...RUN, demanded: { onUnstoppable: 'EvictPod' } } as Run;

  it.each<[string, DebugSession, [run: Run, rules: Rules | undefined], string]>([
    ['asked for and allowed', aSession({ ifUnstoppable: 'EvictPod' }), [RUN, OPEN_RULES], 'EvictPod'],
    ['asked for and not allowed', aSession({ ifUnstoppable: 'EvictPod' }), [RUN, under({ allow: [] })], 'Report'],
    ['asked for under unknown rules', aSession({ ifUnstoppable: 'EvictPod' }), [RUN, undefined], 'Report'],
    ['not asked for', aSession(), [RUN, OPEN_RULES], 'Report'],
    ['demanded now', aSession(), [RUN, under({ onUnstoppable: 'EvictPod' })], 'EvictPod'],
    ['demanded when the run began', aSession(), [demanded, undefined], 'EvictPod'],
  ])(
    'asAllowed evicts a pod only where that is asked for and allowed, or demanded: %s',
    (_, session, [run, rules], end) => {
      expect(asAllowed(session, run, rules).spec.ifUnstoppable).toBe(end);
    },
  );
});

describe('a run that its policy forbids by now', () => {
  const forbidding = under({ revokeRunning: true, images: [] });

  it.each<[string, Rules, boolean]>([
    ['known', forbidding, true],
    ['not to be read', { ...forbidding, namespace: { isSystem: false, unread: 'HTTP 403' } }, false],
  ])('a run is revoked only where the labels of its namespace are %s', (_, rules, expected) => {
    expect(isRevoked(aSession(), RUN, rules, aPod())).toBe(expected);
  });
});

describe('a policy that selects namespaces', () => {
  const policy = under({ namespaceSelector: { matchLabels: { team: 'web' } } }).policy;

  it.each<[string, Rules['namespace'], string | undefined]>([
    ['has the label', { isSystem: false, labels: { team: 'web' } }, undefined],
    ['has another label', { isSystem: false, labels: { team: 'db' } }, 'never PolicyDenied'],
    ['is not known by its labels', { isSystem: false }, 'never PolicyDenied'],
    ['cannot be read', { isSystem: false, unread: 'HTTP 403' }, 'later Forbidden'],
  ])('a session is under its namespaceSelector in a namespace that %s', (_, namespace, expected) => {
    const objection = permit(aSession(), { policy, namespace });
    expect(objection && `${objection.finality} ${objection.reason}`).toBe(expected);
  });
});
