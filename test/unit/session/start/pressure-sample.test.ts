import { describe, expect, it } from '@jest/globals';
import { toTimestamp } from '../../../../src/api/time.ts';
import type { NodePressure } from '../../../../src/session/look/pressure.ts';
import type { PolicyView } from '../../../../src/session/look/rules.ts';
import { pressureOn, refusesPressure } from '../../../../src/session/start/pressure.ts';
import { aPod, NOON } from '../../../support/builders/builders.ts';
import { OPEN_POLICY } from '../../../support/builders/open-policy.ts';

const MIB = 2 ** 20;
const MINUTE = 60_000;

describe('a sample of what a pod uses', () => {
  it.each<[string, string | undefined, number, boolean]>([
    ['taken in the second of its creation', '2026-01-01T11:58:00Z', NOON - 2 * MINUTE, true],
    ['taken after its creation', '2026-01-01T11:58:00Z', NOON - MINUTE, true],
    ['taken before its creation, of a pod of its name', '2026-01-01T11:58:00Z', NOON - 3 * MINUTE, false],
    ['of a pod without a time', undefined, NOON - MINUTE, true],
    ['five minutes old', '2026-01-01T11:00:00Z', NOON - 5 * MINUTE, true],
    ['older than five minutes', '2026-01-01T11:00:00Z', NOON - 5 * MINUTE - 1_000, false],
  ])('pressureOn reads only a sample that is of this pod and of now: %s', (_, creationTimestamp, sampledAt, counts) => {
    const pod = aPod(({ metadata, spec }) => {
      delete metadata.creationTimestamp;
      if (creationTimestamp !== undefined) metadata.creationTimestamp = creationTimestamp;
      spec.limits = { memory: 64 * MIB };
    });
    const use = { at: toTimestamp(sampledAt), memory: 60 * MIB, cpu: 0 };
    expect(pressureOn(pod, { use }, NOON)).toHaveLength(counts ? 1 : 0);
  });
});

describe('the words on a node under pressure', () => {
  it.each<[NodePressure, string]>([
    [{ type: 'PIDPressure' }, 'node node-1 is under PIDPressure'],
    [{ type: 'PIDPressure', since: 'noon' }, 'node node-1 is under PIDPressure since noon'],
    [{ type: 'PIDPressure', message: 'too many' }, 'node node-1 is under PIDPressure (too many)'],
  ])('pressureOn says no more than the node: %j', (pressure, words) => {
    expect(pressureOn(aPod(), { node: [pressure] }, NOON)).toEqual([words]);
  });
});

describe('a policy on pressure', () => {
  it.each<[string, PolicyView | undefined, boolean]>([
    ['that refuses', { kind: 'found', spec: { ...OPEN_POLICY, onPressure: 'Refuse' } }, true],
    ['that warns', { kind: 'found', spec: { ...OPEN_POLICY, onPressure: 'Warn' } }, false],
    ['that is absent', { kind: 'absent' }, false],
    ['that nobody has looked for', undefined, false],
  ])('a policy forbids a run under pressure only if it says so: one %s', (_, policy, expected) => {
    expect(refusesPressure(policy)).toBe(expected);
  });
});
