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

describe('a container that has ended', () => {
  it.each<[string, Pod, number, boolean]>([
    ['Always: is started again', podWith('Always'), 0, false],
    ['OnFailure: is done with 0', podWith('OnFailure'), 0, true],
    ['OnFailure: is started again after a failure', podWith('OnFailure'), 1, false],
    ['Never: is done with 0', podWith('Never'), 0, true],
    ['Never: is done after a failure', podWith('Never'), 1, true],
    ['its own Always counts, not the Never of the pod', podWith('Never', { restartPolicy: 'Always' }), 0, false],
    ['its own Never counts, not the Always of the pod', podWith('Always', { restartPolicy: 'Never' }), 1, true],
    ['a rule that fits starts it again', podWith('Never', RESTART_ON_3), 3, false],
    ['a rule that does not fit leaves it', podWith('Never', RESTART_ON_3), 4, true],
    ['a rule may name what does not fit', podWith('Never', RESTART_BUT_3), 3, true],
    ['and fits all others', podWith('Never', RESTART_BUT_3), 4, false],
    ['one that restarts all may bring it back', podWith('Never', ALL_ON_3), 0, false],
    [
      'as may one of another container',
      podWith('Never', {}, { containers: [{ name: 'app' }, { name: 'other', ...ALL_ON_3 }] }),
      0,
      false,
    ],
  ])('%s', (_, pod, exitCode, isForGood) => {
    expect(hasEndedForGood(pod, 'app', exitCode)).toBe(isForGood);
  });

  const withInit = (policy: string, setup: Partial<PodContainer> = {}): Pod =>
    podWith(policy, {}, { initContainers: [{ name: 'setup', ...setup }] });

  it.each<[string, Pod, number, boolean]>([
    ['an init container is done with 0, whatever the policy', withInit('Always'), 0, true],
    ['an init container is tried again after a failure', withInit('Always'), 1, false],
    ['an init container is not tried again under Never', withInit('Never'), 1, true],
    ['a sidecar is always started again', withInit('Never', { restartPolicy: 'Always' }), 0, false],
  ])('%s', (_, pod, exitCode, isForGood) => {
    expect(hasEndedForGood(pod, 'setup', exitCode)).toBe(isForGood);
  });
});

describe('a pod', () => {
  const two = (...policies: (string | undefined)[]): Partial<Pod['spec']> => ({
    containers: policies.map((restartPolicy, i) => ({ name: `c${i}`, ...(restartPolicy && { restartPolicy }) })),
  });

  it.each<[string, Pod, boolean]>([
    ['can finish under Never', podWith('Never'), true],
    ['cannot under Always', podWith('Always'), false],
    ['cannot where one container has Always of its own', podWith('Never', {}, two(undefined, 'Always')), false],
    ['can where each container has another policy of its own', podWith('Always', {}, two('Never', 'OnFailure')), true],
    ['cannot where one container keeps the Always of the pod', podWith('Always', {}, two('Never', undefined)), false],
    [
      'can whatever sidecars it has',
      podWith('Never', {}, { initContainers: [{ name: 'mesh', restartPolicy: 'Always' }] }),
      true,
    ],
  ])('%s', (_, pod, can) => {
    expect(canFinish(pod)).toBe(can);
  });
});
