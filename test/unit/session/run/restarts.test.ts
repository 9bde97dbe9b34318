import { describe, expect, it } from '@jest/globals';
import type { Pod, PodContainer, RestartRule } from '../../../../src/api/pod.ts';
import { canFinish, hasEndedForGood } from '../../../../src/session/run/restarts.ts';
import { aPod } from '../../../support/builders/builders.ts';

function podWith(restartPolicy: string, app: Partial<PodContainer> = {}, more: Partial<Pod['spec']> = {}): Pod {
  return aPod((pod) => Object.assign(pod.spec, { restartPolicy, containers: [{ name: 'app', ...app }], ...more }));
}

const rule = (action: string, operator: string, values: number[]): RestartRule => ({
  action,
  exitCodes: { operator, values },
});

const RESTART_ON_3 = { restartPolicy: 'Never', restartPolicyRules: [rule('Restart', 'In', [3])] };
const RESTART_BUT_3 = { restartPolicy: 'Never', restartPolicyRules: [rule('Restart', 'NotIn', [3])] };
const ALL_ON_3 = { restartPolicy: 'Never', restartPolicyRules: [rule('RestartAllContainers', 'In', [3])] };
const TWO_RULES = { restartPolicyRules: [rule('Restart', 'In', [5]), rule('Restart', 'In', [3])] };
const NO_CODES = { restartPolicyRules: [{ action: 'Restart' }] };
const noValues = (operator: string): Partial<PodContainer> => ({
  restartPolicyRules: [{ action: 'Restart', exitCodes: { operator } }],
});

describe('a container that has ended', () => {
  it.each<[string, Pod, number, boolean]>([
    ['a container under Always is started again', podWith('Always'), 0, false],
    ['a container under OnFailure is done with exit code 0', podWith('OnFailure'), 0, true],
    ['a container under OnFailure is started again after a failure', podWith('OnFailure'), 1, false],
    ['a container under Never is done with exit code 0', podWith('Never'), 0, true],
    ['a container under Never is done after a failure', podWith('Never'), 1, true],
    [
      'the policy Always of a container decides over Never of its pod',
      podWith('Never', { restartPolicy: 'Always' }),
      0,
      false,
    ],
    [
      'the policy Never of a container decides over Always of its pod',
      podWith('Always', { restartPolicy: 'Never' }),
      1,
      true,
    ],
    ['a restart rule In [3] starts a container with exit code 3 again', podWith('Never', RESTART_ON_3), 3, false],
    ['a restart rule In [3] leaves a container with exit code 4', podWith('Never', RESTART_ON_3), 4, true],
    ['a restart rule NotIn [3] leaves a container with exit code 3', podWith('Never', RESTART_BUT_3), 3, true],
    ['a restart rule NotIn [3] starts a container with exit code 4 again', podWith('Never', RESTART_BUT_3), 4, false],
    ['a rule that restarts all containers may start a container again', podWith('Never', ALL_ON_3), 0, false],
    [
      'a rule of another container that restarts all may start a container again',
      podWith('Never', {}, { containers: [{ name: 'app' }, { name: 'other', ...ALL_ON_3 }] }),
      0,
      false,
    ],
    ['a container starts again by one of several rules', podWith('Never', TWO_RULES), 3, false],
    ['a rule without exit codes starts no container again', podWith('Never', NO_CODES), 3, true],
    ['a rule In without values starts no container again', podWith('Never', noValues('In')), 3, true],
    ['a rule NotIn without values starts a container again', podWith('Never', noValues('NotIn')), 3, false],
    [
      'the policy of another container does not count',
      podWith('Always', {}, { containers: [{ name: 'other', restartPolicy: 'Never' }, { name: 'app' }] }),
      0,
      false,
    ],
    [
      'the end of a container is not judged as that of an init container',
      podWith('Always', {}, { initContainers: [{ name: 'setup' }] }),
      0,
      false,
    ],
    [
      'a container that the pod does not have may start',
      podWith('Never', {}, { containers: [{ name: 'x' }] }),
      0,
      false,
    ],
  ])('%s', (_, pod, exitCode, isForGood) => {
    expect(hasEndedForGood(pod, 'app', exitCode)).toBe(isForGood);
  });

  const withInit = (policy: string, setup: Partial<PodContainer> = {}): Pod =>
    podWith(policy, {}, { initContainers: [{ name: 'setup', ...setup }] });

  it.each<[string, Pod, number, boolean]>([
    ['an init container is done with exit code 0 under Always', withInit('Always'), 0, true],
    ['an init container under Always is tried again after a failure', withInit('Always'), 1, false],
    ['an init container under Never is not tried again', withInit('Never'), 1, true],
    ['a sidecar is always started again', withInit('Never', { restartPolicy: 'Always' }), 0, false],
  ])('%s', (_, pod, exitCode, isForGood) => {
    expect(hasEndedForGood(pod, 'setup', exitCode)).toBe(isForGood);
  });
});

describe('a pod that finishes', () => {
  const two = (...policies: (string | undefined)[]): Partial<Pod['spec']> => ({
    containers: policies.map((restartPolicy, i) => ({ name: `c${i}`, ...(restartPolicy && { restartPolicy }) })),
  });

  it.each<[string, Pod, boolean]>([
    ['can finish under Never', podWith('Never'), true],
    ['cannot finish under Always', podWith('Always'), false],
    ['cannot finish where nothing says its policy', aPod(({ spec }) => delete spec.restartPolicy), false],
    ['cannot finish where one container has Always of its own', podWith('Never', {}, two(undefined, 'Always')), false],
    [
      'can finish where each container has another policy of its own',
      podWith('Always', {}, two('Never', 'OnFailure')),
      true,
    ],
    [
      'cannot finish where one container keeps the Always of the pod',
      podWith('Always', {}, two('Never', undefined)),
      false,
    ],
    [
      'can finish under Never beside a sidecar',
      podWith('Never', {}, { initContainers: [{ name: 'mesh', restartPolicy: 'Always' }] }),
      true,
    ],
  ])('a pod %s', (_, pod, can) => {
    expect(canFinish(pod)).toBe(can);
  });
});
