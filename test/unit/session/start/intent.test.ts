import { describe, expect, it } from '@jest/globals';
import type { DebugPolicySpec } from '../../../../src/api/debugpolicy.ts';
import type { DebugSessionSpec, Run } from '../../../../src/api/debugsession.ts';
import { intendRun, requestOf } from '../../../../src/session/start/intent.ts';
import { aPod, aSession, NOON } from '../../../support/builders/builders.ts';
import { OPEN_POLICY } from '../../../support/builders/open-policy.ts';

/** The record of a run of this session before its injection. */
function intended(spec: Partial<DebugSessionSpec> = {}, policy: Partial<DebugPolicySpec> = {}): Run {
  return intendRun(aSession(spec), aPod(), NOON, { ...OPEN_POLICY, ...policy });
}

describe('the record of an intent', () => {
  it('a plain run records nothing of what it does not need', () => {
    const optional: (keyof Run)[] = ['allowances', 'commandLine', 'justification', 'attachers'];
    const fields = Object.keys(intended({ target: { podName: 'web-1' } }));
    const more: (keyof Run)[] = ['joins', 'demanded', 'revocable'];
    expect(fields.filter((field) => [...optional, ...more].includes(field as keyof Run))).toEqual([]);
  });

  it('a run in a pod without a node records no node', () => {
    const pod = aPod(({ spec }) => void delete spec.nodeName);
    expect(intendRun(aSession(), pod, NOON, OPEN_POLICY)).not.toHaveProperty('nodeName');
    expect(intended().nodeName).toBe('node-1');
  });

  it('a run with a supervisor records its last moment, and a run without one has none', () => {
    const spec = { ttl: '10m', startTimeout: '1m' };
    const { startBy, lastMoment } = intended(spec);
    expect(Date.parse(lastMoment ?? '') - Date.parse(startBy ?? '')).toBe(600_000);
    expect(intended({ ...spec, supervisor: 'None' })).not.toHaveProperty('lastMoment');
  });

  it('a run records the allowances that it needs, and the process namespace that it joins', () => {
    const run = intended({ target: { podName: 'web-1', containerName: 'app' } });
    expect(run).toMatchObject({ allowances: ['TargetContainer'], joins: 'app' });
  });

  it('a run records the requirements that it meets, demanded or not', () => {
    expect(intended({ profile: 'restricted' }).meets).toEqual(['NonRoot', 'NoCapabilities', 'NoJoin']);
  });

  it('a run that meets no requirement records none', () => {
    expect(intended({ profile: 'sysadmin', target: { podName: 'web-1', containerName: 'app' } })).not.toHaveProperty(
      'meets',
    );
  });

  it('a run records what its policy demands of its end', () => {
    expect(intended({}, { podAfterSession: 'Evict' }).demanded).toEqual({ podAfterSession: 'Evict' });
  });
});

describe('the record of a request', () => {
  const attachers = [{ kind: 'Group', name: 'on-call' }] as const;

  it.each<[string, Partial<DebugSessionSpec>, Partial<Run>]>([
    ['nothing but the image', { requestedBy: undefined as never }, {}],
    ['a name', { requestedBy: { username: 'dana', groups: ['team-a'] } }, { requestedBy: { username: 'dana' } }],
    [
      'a name and a uid',
      { requestedBy: { username: 'dana', uid: 'u-1', groups: ['team-a'] } },
      { requestedBy: { username: 'dana', uid: 'u-1' } },
    ],
    ['a command', { command: ['sh', '-c'], requestedBy: undefined as never }, { commandLine: 'sh -c' }],
    ['arguments', { args: ['ps', 'aux'], requestedBy: undefined as never }, { commandLine: 'ps aux' }],
    ['attachers', { attachers: [...attachers], requestedBy: undefined as never }, { attachers: [...attachers] }],
  ])('requestOf records what a session gives and no more: %s', (_, spec, expected) => {
    expect(requestOf(aSession(spec).spec)).toStrictEqual(expected);
  });
});
