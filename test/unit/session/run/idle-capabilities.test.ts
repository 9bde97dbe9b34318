import { expect, it } from '@jest/globals';
import type { DebugSessionSpec } from '../../../../src/api/debugsession.ts';
import { idleCapabilities } from '../../../../src/session/run/idle-capabilities.ts';
import { aPod } from '../../../support/builders/builders.ts';
import { World } from '../../../support/world/world.ts';

/** The notes of the warnings at the injection. */
function warned(spec: Partial<DebugSessionSpec>, podUser?: number): string[] {
  const world = new World(spec);
  world.changePod((pod) => Object.assign(pod.spec, podUser === undefined ? {} : { runAsUser: podUser }));
  world.settle();
  return world.events.filter(({ reason }) => reason === 'CapabilitiesIdle').map(({ note }) => note);
}

it.each([
  [{ profile: 'general' }, 1000, "SYS_PTRACE have no effect in container .* user 1000, by the pod's securityContext"],
  [{ profile: 'netadmin' }, 1000, 'NET_ADMIN, NET_RAW have no effect'],
  [{ securityContext: { runAsUser: 7 } }, undefined, 'user 7, by spec.securityContext; set .*runAsUser: 0'],
  [{ profile: 'baseline', securityContext: { capabilities: { add: ['SYS_TIME'] } } }, 1, 'SYS_TIME'],
] as const)('the operator warns of capabilities without effect of %j in a pod of user %s', (spec, user, words) => {
  expect(warned(spec as Partial<DebugSessionSpec>, user)).toEqual([expect.stringMatching(words)]);
});

it.each([
  [{ profile: 'general' }, undefined],
  [{ profile: 'general' }, 0],
  [{ profile: 'general', securityContext: { runAsUser: 0 } }, 1000],
  [{ profile: 'baseline' }, 1000],
  [{ profile: 'restricted' }, 1000],
  [{ profile: 'sysadmin' }, 1000],
  [{ profile: 'sysadmin', securityContext: { capabilities: { add: ['SYS_TIME'] } } }, 1000],
] as const)('the operator does not warn of %j in a pod of user %s', (spec, user) => {
  expect(warned(spec as Partial<DebugSessionSpec>, user)).toEqual([]);
});

it('the operator judges a run without recorded values by the profile of its spec', () => {
  const pod = aPod(({ spec }) => (spec.runAsUser = 1000));
  expect(idleCapabilities({ profile: 'general' }, { attempt: 1, state: 'Starting' }, pod)?.capabilities).toEqual([
    'SYS_PTRACE',
  ]);
});
