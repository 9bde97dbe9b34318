import { describe, expect, it } from '@jest/globals';
import type { DebugPolicySpec } from '../../../src/api/debugpolicy.ts';
import { type Asked, stillAllows } from '../../../src/policy/evaluate.ts';
import { aPod, aSession } from '../../support/builders/builders.ts';
import { OPEN_POLICY as OPEN } from '../../support/builders/open-policy.ts';

const asked: Asked = { spec: aSession().spec, namespace: { name: 'shop', isSystem: false }, pod: aPod() };

describe('a run that lives', () => {
  const run = {
    image: 'busybox',
    profile: 'general' as const,
    ttl: '1m',
    allowances: ['EvictPod' as const],
    meets: [],
  };

  it('stillAllows does not end a run for an eviction that is not allowed any more', () => {
    expect(stillAllows({ ...OPEN, allow: [] }, run, asked)).toBe(true);
  });

  it.each<[string, DebugPolicySpec]>([
    ['image', { images: ['docker.io/library/alpine:*'] }],
    ['profile', { profiles: ['restricted'] }],
    ['ttl', { ttl: { max: '30s' } }],
  ])('stillAllows judges the %s that the run has', (_, policy) => {
    expect(stillAllows({ ...OPEN, ...policy }, run, asked)).toBe(false);
  });

  it('stillAllows asks for nothing that a session has to say before it starts', () => {
    const demanding = { ...OPEN, requireJustification: true, requireNotAfter: true };
    expect(stillAllows(demanding, run, asked)).toBe(true);
  });
});
