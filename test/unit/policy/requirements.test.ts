import { describe, expect, it } from '@jest/globals';
import type { Requirement } from '../../../src/api/debugpolicy.ts';
import type { DebugSessionSpec } from '../../../src/api/debugsession.ts';
import type { SecurityContext } from '../../../src/api/ephemeral-container.ts';
import type { Pod } from '../../../src/api/pod.ts';
import { evaluate, stillAllows } from '../../../src/policy/evaluate.ts';
import { metBy, openingFields } from '../../../src/policy/requirements.ts';
import { aPod, aSession } from '../../support/builders/builders.ts';
import { OPEN_POLICY as OPEN } from '../../support/builders/open-policy.ts';

const ALL: Requirement[] = ['NonRoot', 'NoCapabilities', 'ReadOnlyRootFilesystem', 'NoJoin'];
const CONFINED: SecurityContext = { allowPrivilegeEscalation: false, runAsNonRoot: true };

function specOf(spec: Partial<DebugSessionSpec>): DebugSessionSpec {
  return aSession({ target: { podName: 'web-1' }, ...spec }).spec;
}

function metWith(spec: Partial<DebugSessionSpec>, pod: Pod = aPod()): Requirement[] {
  return metBy(specOf(spec), pod);
}

/**
 * Why a session is refused by a policy that opens everything and requires this.
 * @param pod `none`: no pod is chosen yet
 */
function refusals(require: Requirement[], spec: Partial<DebugSessionSpec>, pod: Pod | 'none' = aPod()): string[] {
  const namespace = { name: 'shop', isSystem: false };
  return evaluate({ ...OPEN, require }, { spec: specOf(spec), namespace, ...(pod !== 'none' && { pod }) });
}

const withContext = (securityContext: SecurityContext): Partial<DebugSessionSpec> => ({ securityContext });

describe('NonRoot', () => {
  it.each<[string, Partial<DebugSessionSpec>]>([
    ['the profile restricted', { profile: 'restricted' }],
    ['runAsNonRoot without privilege escalation', withContext(CONFINED)],
    ['another user without privilege escalation', withContext({ allowPrivilegeEscalation: false, runAsUser: 1000 })],
  ])('NonRoot is satisfied by %s', (_, spec) => {
    expect(metWith(spec)).toContain('NonRoot');
    expect(refusals(['NonRoot'], spec)).toEqual([]);
  });

  it.each<[string, Partial<DebugSessionSpec>]>([
    ['nothing, the user of the image', {}],
    ['the user root', withContext({ ...CONFINED, runAsUser: 0 })],
    ['restricted that is undone by the user root', { profile: 'restricted', securityContext: { runAsUser: 0 } }],
    ['restricted that is undone', { profile: 'restricted', securityContext: { runAsNonRoot: false } }],
    ['a user who may become root by a set-user-ID file', withContext({ runAsUser: 1000 })],
    ['restricted with escalation', { profile: 'restricted', securityContext: { allowPrivilegeEscalation: true } }],
    ['the profile sysadmin', { profile: 'sysadmin', securityContext: { runAsUser: 1000 } }],
    ['privileges', withContext({ ...CONFINED, privileged: true })],
  ])('NonRoot is not satisfied by %s', (_, spec) => {
    expect(metWith(spec)).not.toContain('NonRoot');
    expect(refusals(['NonRoot'], spec)).toEqual([
      expect.stringMatching(/^require NonRoot is not satisfied.*profile restricted/),
    ]);
  });
});

describe('NoCapabilities', () => {
  it.each<[boolean, Partial<DebugSessionSpec>]>([
    [true, { profile: 'restricted' }],
    [true, { profile: 'baseline', securityContext: { capabilities: { drop: ['ALL'] } } }],
    [false, { profile: 'baseline' }],
    // The profile general, which counts where none is named, adds a capability.
    [false, withContext({ capabilities: { drop: ['ALL'] } })],
    [false, { profile: 'general', securityContext: { capabilities: { drop: ['ALL'] } } }],
    [false, { profile: 'restricted', securityContext: { capabilities: { drop: ['NET_RAW'] } } }],
    [false, { profile: 'restricted', securityContext: { capabilities: { add: ['CHOWN'] } } }],
    [false, { profile: 'sysadmin', securityContext: { capabilities: { drop: ['ALL'] } } }],
  ])('NoCapabilities is %s for %j', (isMet, spec) => {
    expect(metWith(spec).includes('NoCapabilities')).toBe(isMet);
  });
});

describe('ReadOnlyRootFilesystem', () => {
  it.each<[boolean, Partial<DebugSessionSpec>]>([
    [true, withContext({ readOnlyRootFilesystem: true })],
    [false, { profile: 'restricted' }],
    [false, withContext({ readOnlyRootFilesystem: false })],
    [false, { profile: 'sysadmin', securityContext: { readOnlyRootFilesystem: true } }],
    [false, withContext({ readOnlyRootFilesystem: true, capabilities: { add: ['cap_sys_admin'] } })],
    [false, withContext({ readOnlyRootFilesystem: true, capabilities: { add: ['ALL'] } })],
  ])('ReadOnlyRootFilesystem is %s for %j', (isMet, spec) => {
    expect(metWith(spec).includes('ReadOnlyRootFilesystem')).toBe(isMet);
  });
});

describe('NoJoin', () => {
  it.each<[string, Partial<DebugSessionSpec>, Pod, string]>([
    [
      'a target container',
      { target: { podName: 'web-1', containerName: 'app' } },
      aPod(),
      'joins the processes of container app: leave target.containerName out',
    ],
    ['a pod that shares', {}, aPod((pod) => (pod.spec.shareProcessNamespace = true)), 'share one process namespace'],
    ['the process namespace of the node', {}, aPod((pod) => (pod.spec.hostPID = true)), 'namespace of the node'],
  ])('NoJoin refuses %s', (_, spec, pod, words) => {
    expect(metWith(spec, pod)).not.toContain('NoJoin');
    expect(refusals(['NoJoin'], spec, pod)).toEqual([expect.stringContaining(words)]);
  });

  it('NoJoin judges the pod once a pod is chosen', () => {
    expect(refusals(['NoJoin'], {}, 'none')).toEqual([]);
    const shared = aPod((pod) => (pod.spec.shareProcessNamespace = true));
    expect(refusals(['NoJoin'], {}, shared)).toHaveLength(1);
    expect(metWith({})).toEqual(['NoJoin']);
  });
});

it('evaluate names every requirement that is not satisfied', () => {
  const all = refusals(ALL, { target: { podName: 'web-1', containerName: 'app' } });
  expect(all.map((words) => /^require (\w+)/.exec(words)?.[1])).toEqual(ALL);
});

it('the profile restricted with a read-only file system satisfies every requirement', () => {
  const spec = { profile: 'restricted', securityContext: { readOnlyRootFilesystem: true } } as const;
  const { images = [], profiles = [] } = OPEN;
  const policy = { images, profiles, require: ALL };
  const asked = { spec: specOf(spec), namespace: { name: 'shop', isSystem: false }, pod: aPod() };
  expect(evaluate(policy, asked)).toEqual([]);
});

describe('SecurityContext in allow', () => {
  it.each<SecurityContext>([
    {},
    { ...CONFINED, readOnlyRootFilesystem: true, privileged: false },
    { capabilities: { drop: ['ALL'] } },
    { capabilities: { drop: ['NET_RAW', 'ALL'] } },
    { capabilities: {} },
  ])('a securityContext of %j needs no SecurityContext in allow', (context) => {
    expect(openingFields(context)).toEqual([]);
  });

  it.each<[string[], SecurityContext]>([
    [['allowPrivilegeEscalation'], { allowPrivilegeEscalation: true }],
    [['privileged'], { privileged: true }],
    [['readOnlyRootFilesystem'], { readOnlyRootFilesystem: false }],
    [['runAsNonRoot'], { runAsNonRoot: false }],
    [['capabilities'], { capabilities: { add: ['CHOWN'], drop: ['ALL'] } }],
    // It takes the place of the `drop` of the profile restricted.
    [['capabilities'], { capabilities: { drop: ['NET_RAW'] } }],
    [['runAsUser'], { ...CONFINED, runAsUser: 1000 }],
    [['runAsGroup'], { runAsGroup: 1000 }],
    [['runAsGroup', 'runAsUser'], { runAsUser: 1000, runAsGroup: 1000 }],
    [['seccompProfile'], { seccompProfile: { type: 'RuntimeDefault' } }],
  ])('the policy demands SecurityContext in allow for the fields %j of %j', (fields, context) => {
    expect(openingFields(context)).toEqual(fields);
  });
});

describe('requirements of a run that lives', () => {
  const begun = { image: 'busybox', profile: 'general', ttl: '1m', allowances: [] } as const;
  const asked = { spec: specOf({ profile: 'restricted' }), namespace: { name: 'shop', isSystem: false }, pod: aPod() };

  it('stillAllows judges what the run met when it began, and not the spec', () => {
    expect(stillAllows({ ...OPEN, require: ['NonRoot'] }, { ...begun, meets: ['NoJoin'] }, asked)).toBe(false);
    expect(stillAllows({ ...OPEN, require: ['NonRoot'] }, { ...begun, meets: ['NonRoot', 'NoJoin'] }, asked)).toBe(
      true,
    );
    expect(stillAllows(OPEN, { ...begun, meets: [] }, asked)).toBe(true);
  });
});
