import { describe, expect, it } from '@jest/globals';
import type { DebugPolicySpec } from '../../../src/api/debugpolicy.ts';
import { chooseContainer, chooseImage, DEFAULT_IMAGE } from '../../../src/plugin/choose.ts';
import type { Answer, Kubectl } from '../../../src/plugin/kubectl.ts';
import type { KnownPolicy } from '../../../src/plugin/policy-lookup.ts';
import { policyWords } from '../../../src/plugin/words/policy.ts';

const known = (spec: DebugPolicySpec): KnownPolicy => ({ kind: 'known', name: 'p', spec });
const UNKNOWN: KnownPolicy = { kind: 'unknown', name: 'p', why: 'you may not read it' };

describe('chooseImage', () => {
  it('chooseImage takes the image of the flag, then of the policy, then the default', () => {
    const policy = known({ images: ['docker.io/library/busybox:*'], defaults: { image: 'registry.example/tools:1' } });
    expect(chooseImage('alpine', policy)).toBe('alpine');
    expect(chooseImage(undefined, policy)).toBe('registry.example/tools:1');
    expect(chooseImage(undefined, known({ images: ['docker.io/library/busybox:*'] }))).toBe(DEFAULT_IMAGE);
    expect(chooseImage(undefined, UNKNOWN)).toBe(DEFAULT_IMAGE);
  });

  it('chooseImage does not guess an image out of the patterns of a policy', () => {
    expect(() => chooseImage(undefined, known({ images: ['docker.io/library/alpine:*'] }))).toThrow(
      '--image is missing: DebugPolicy p does not allow docker.io/library/busybox:1.36; it allows docker.io/library/alpine:*',
    );
    expect(() => chooseImage(undefined, known({}))).toThrow('it allows no image');
  });
});

describe('chooseContainer', () => {
  const pod = { metadata: { name: 'web' }, spec: { containers: [{ name: 'app' }, { name: 'proxy' }] } };
  const answering = (answer: Answer): Kubectl => ({ call: async () => answer }) as unknown as Kubectl;
  const found = answering({ kind: 'done', stdout: JSON.stringify(pod) });
  const joining = known({ allow: ['TargetContainer'] });
  const target = { podName: 'web' };

  it.each([
    ['the default container', joining, { containerName: 'app' }],
    ['the default container where the policy is not known', UNKNOWN, { containerName: 'app' }],
    [
      'no container where the policy says so by default',
      known({ allow: ['TargetContainer'], defaults: { target: 'None' } }),
      {},
    ],
    ['no container where the policy requires NoJoin', known({ allow: ['TargetContainer'], require: ['NoJoin'] }), {}],
    [
      'no container, and says so, where the policy allows no target container',
      known({}),
      { note: expect.stringContaining('no container') },
    ],
  ])('chooseContainer joins %s', async (_, policy, expected) => {
    expect(await chooseContainer(found, target, { wish: { kind: 'default' }, policy })).toEqual(expected);
  });

  it('chooseContainer follows the flag of the user', async () => {
    const named = { kind: 'named', name: 'proxy' } as const;
    expect(await chooseContainer(found, target, { wish: named, policy: known({}) })).toEqual({
      containerName: 'proxy',
    });
    expect(await chooseContainer(found, target, { wish: { kind: 'none' }, policy: joining })).toEqual({});
  });

  it.each([
    ['prxy', 'pod web has no container prxy: did you mean proxy?'],
    ['nowhere', 'pod web has no container nowhere: it has app, proxy'],
  ])('chooseContainer refuses the container %s, which the pod does not have', async (name, words) => {
    const wish = { kind: 'named', name } as const;
    await expect(chooseContainer(found, target, { wish, policy: joining })).rejects.toThrow(words);
  });

  it('chooseContainer follows the flag of a user who may not read pods', async () => {
    const forbidden = answering({ kind: 'refused', refusal: { kind: 'Forbidden', lines: ['no'] } });
    const wish = { kind: 'named', name: 'nowhere' } as const;
    expect(await chooseContainer(forbidden, target, { wish, policy: joining })).toEqual({ containerName: 'nowhere' });
  });

  it('chooseContainer joins no container and says so where the user may not read pods', async () => {
    const forbidden = answering({ kind: 'refused', refusal: { kind: 'Forbidden', lines: ['no'] } });
    expect(await chooseContainer(forbidden, target, { wish: { kind: 'default' }, policy: joining })).toEqual({
      note: expect.stringContaining('name one with --container'),
    });
  });
});

it('policyWords tells the defaults of a policy', () => {
  expect(policyWords({ defaults: { image: 'a:1', target: 'None' } })).toContain(
    '  default   a:1, no container is joined',
  );
});

it('policyWords tells that a policy refuses pods and nodes under pressure', () => {
  const words = '  refuses   pods with little room, and nodes under pressure';
  expect(policyWords({ onPressure: 'Refuse' })).toContain(words);
  expect(policyWords({ onPressure: 'Warn' })).not.toContain(words);
});
