import { describe, expect, it } from '@jest/globals';
import { type Limited, type LimitedPod, podLimits } from '../../../src/policy/pod-limits.ts';

const MIB = 2 ** 20;

const limited = (limits: Record<string, string>, restartPolicy?: string): Limited & { restartPolicy?: string } => ({
  resources: { limits },
  ...(restartPolicy !== undefined && { restartPolicy }),
});
const memory = (size: string, restartPolicy?: string): Limited => limited({ memory: size }, restartPolicy);

describe('what all containers of a pod may use together', () => {
  it.each<[string, LimitedPod, object | undefined]>([
    ['nothing limits a pod without limits', { containers: [{}, { resources: {} }] }, undefined],
    ['the sum counts', { containers: [memory('64Mi'), memory('32Mi')] }, { memory: 96 * MIB }],
    ['a container without a limit lifts it from the pod', { containers: [memory('64Mi'), {}] }, undefined],
    [
      'an init container without a limit lifts it from the pod, as the kubelet counts',
      { containers: [memory('64Mi')], initContainers: [{}] },
      undefined,
    ],
    ['a limit of 0 is none', { containers: [memory('0')] }, undefined],
    [
      'an init container that needs more than all others counts',
      { containers: [memory('16Mi')], initContainers: [memory('64Mi')] },
      { memory: 64 * MIB },
    ],
    [
      'an init container runs beside the sidecars before it',
      { containers: [memory('16Mi')], initContainers: [memory('8Mi', 'Always'), memory('64Mi')] },
      { memory: 72 * MIB },
    ],
    [
      'the sidecars run beside the containers',
      { containers: [memory('64Mi')], initContainers: [memory('8Mi', 'Always'), memory('16Mi')] },
      { memory: 72 * MIB },
    ],
    [
      'a sidecar counts once, also where it needs more than the containers',
      { containers: [memory('16Mi')], initContainers: [memory('64Mi', 'Always')] },
      { memory: 80 * MIB },
    ],
    [
      'a pod as a whole has no limit of ephemeral storage',
      { containers: [{}], resources: { limits: { 'ephemeral-storage': '20Mi' } } },
      undefined,
    ],
    [
      'the limit of the pod as a whole counts before those of its containers',
      { containers: [memory('64Mi'), {}], resources: { limits: { memory: '100Mi', cpu: '1' } } },
      { memory: 100 * MIB, cpu: 1000 },
    ],
    [
      'the overhead of its runtime class comes on top',
      { containers: [memory('64Mi')], overhead: { memory: '10Mi', cpu: '1' } },
      { memory: 74 * MIB },
    ],
    [
      'each resource counts for itself',
      { containers: [limited({ memory: '64Mi', cpu: '250m' }), limited({ cpu: '0.1' })] },
      { cpu: 350 },
    ],
    [
      'a single limit of ephemeral storage is enough to have the pod evicted',
      { containers: [limited({ 'ephemeral-storage': '20Mi' }), {}] },
      { storage: 20 * MIB },
    ],
    ['a limit that is no quantity counts as none', { containers: [memory('lots')] }, undefined],
  ])('the limits of a pod hold for all its containers: %s', (_, pod, limits) => {
    expect(podLimits(pod)).toEqual(limits);
  });
});
