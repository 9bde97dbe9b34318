import { describe, expect, it } from '@jest/globals';
import type { PodLimits } from '../../../src/api/pod.ts';
import { type PodUse, shortRoom } from '../../../src/policy/headroom.ts';

const MIB = 2 ** 20;
const AT = '2026-01-01T12:00:00Z';

const short = (limits: PodLimits | undefined, use?: Omit<PodUse, 'at'>): string[] =>
  shortRoom({ metadata: { name: 'web' }, spec: { ...(limits && { limits }) } }, use && { at: AT, ...use });

describe('the room that the limits of a pod leave', () => {
  it.each<[string, PodLimits | undefined, Omit<PodUse, 'at'> | undefined]>([
    ['without a limit', undefined, { memory: 1e12, cpu: 1e6 }],
    ['with a limit of the headroom itself', { memory: 32 * MIB, cpu: 50, storage: 32 * MIB }, undefined],
    ['with enough left beside what is used', { memory: 64 * MIB, cpu: 100 }, { memory: 32 * MIB, cpu: 50 }],
    ['with a limit of which the use is not known', { memory: 64 * MIB }, undefined],
  ])('the policy finds enough room in a pod %s', (_, limits, use) => {
    expect(short(limits, use)).toEqual([]);
  });

  it('a limit below the headroom makes a pod short of room', () => {
    expect(short({ memory: 16 * MIB, cpu: 20, storage: 31 * MIB })).toEqual([
      'the memory limit of pod web is 16 MiB; a debug container needs 32 MiB',
      'the CPU limit of pod web is 20m; a debug container needs 50m',
      'the ephemeral-storage limit of pod web is 31 MiB; a debug container needs 32 MiB',
    ]);
  });

  it('a pod is short of room by the use of its containers, with the time of the sample', () => {
    expect(short({ memory: 64 * MIB, cpu: 100 }, { memory: 50 * MIB, cpu: 51 })).toEqual([
      `the memory limit of pod web is 64 MiB, and its containers used 50 MiB at ${AT}: 14 MiB is left; a debug container needs 32 MiB`,
      `the CPU limit of pod web is 100m, and its containers used 51m at ${AT}: 49m is left; a debug container needs 50m`,
    ]);
  });

  it('the room that is left is 0 where containers use more than the limit', () => {
    expect(short({ memory: 64 * MIB }, { memory: 70 * MIB, cpu: 0 })).toEqual([
      expect.stringContaining('0 MiB is left'),
    ]);
  });

  it('the use of the metrics API says nothing about ephemeral storage', () => {
    expect(short({ storage: 64 * MIB }, { memory: 64 * MIB, cpu: 0 })).toEqual([]);
  });
});
