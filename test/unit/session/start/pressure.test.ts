import { describe, expect, it } from '@jest/globals';
import type { DebugPolicySpec } from '../../../../src/api/debugpolicy.ts';
import type { PodLimits } from '../../../../src/api/pod.ts';
import type { PressureLook } from '../../../../src/session/look/pressure.ts';
import { OPEN_POLICY, OPEN_RULES } from '../../../support/builders/open-policy.ts';
import { World } from '../../../support/world/world.ts';

// What a debug container finds short in its pod and on its node. The room in a pod: test/unit/policy/headroom.test.ts.

const MIB = 2 ** 20;
const SINCE = '2026-01-01T11:00:00Z';

interface Place {
  limits?: PodLimits;
  look?: PressureLook;
  policy?: Partial<DebugPolicySpec>;
}

function settled({ limits, look, policy = {} }: Place): World {
  const world = new World();
  world.rules = { ...OPEN_RULES, policy: { kind: 'found', spec: { ...OPEN_POLICY, ...policy } } };
  world.pressure = look;
  if (limits !== undefined) world.changePod((pod) => (pod.spec.limits = limits));
  world.settle();
  return world;
}

const warnings = (world: World): string[] =>
  world.events.filter(({ reason }) => reason === 'UnderPressure').map(({ type, note }) => `${type} ${note}`);

const isInjected = (world: World): boolean => world.effects.some((effect) => effect.startsWith('inject'));

const FULL_DISK: PressureLook = {
  node: [{ type: 'DiskPressure', since: SINCE, message: 'kubelet has disk pressure' }],
};
const SMALL: PodLimits = { memory: 16 * MIB };

const PLACES: [string, Place, string][] = [
  [
    'a node under pressure',
    { look: FULL_DISK },
    `node node-1 is under DiskPressure since ${SINCE} (kubelet has disk pressure)`,
  ],
  ['a node that says no more', { look: { node: [{ type: 'PIDPressure' }] } }, 'node node-1 is under PIDPressure'],
  [
    'a pod with a small limit',
    { limits: SMALL },
    'the memory limit of pod web-1 is 16 MiB; a debug container needs 32 MiB',
  ],
  [
    'a pod that uses most of its limit',
    {
      limits: { memory: 64 * MIB },
      look: { use: { at: '2026-01-01T11:59:30Z', memory: 60 * MIB, cpu: 0 } },
    },
    'its containers used 60 MiB at 2026-01-01T11:59:30Z: 4 MiB is left',
  ],
  ['all of these together', { limits: SMALL, look: FULL_DISK }, 'kubelet has disk pressure); the memory limit'],
];

describe('little room for a debug container', () => {
  it.each(PLACES)('the operator warns once of %s, and injects the container', (_, place, words) => {
    for (const policy of [{}, { onPressure: 'Warn' }] as const) {
      const world = settled({ ...place, policy });
      expect(isInjected(world)).toBe(true);
      expect(warnings(world)).toEqual([expect.stringContaining(words)]);
      expect(warnings(world)[0]).toMatch(
        /^Warning Container debug-\S+ has no resources of its own and uses those of its pod/,
      );
    }
  });

  it.each(PLACES)('a policy with onPressure Refuse refuses %s before the intent', (_, place, words) => {
    const world = settled({ ...place, policy: { onPressure: 'Refuse' } });
    expect([world.phase, world.condition('Failed'), isInjected(world)]).toEqual([
      'Failed',
      'True UnderPressure',
      false,
    ]);
    expect(world.message('Failed')).toContain(words);
    expect(world.message('Failed')).toMatch(
      /^DebugPolicy default has onPressure Refuse, and .*Raise spec\.attempt when/,
    );
    expect(world.run.intendedAt).toBeUndefined();
  });

  it.each<[string, Place]>([
    ['the operator did not look', {}],
    ['nothing could be read', { look: {} }],
    ['the node is under no pressure', { look: { node: [] } }],
    ['the pod has room', { limits: { memory: 64 * MIB }, look: { use: { at: SINCE, memory: MIB, cpu: 0 } } }],
    [
      'the sample of its use is too old to say anything of now',
      { limits: { memory: 64 * MIB }, look: { use: { at: SINCE, memory: 60 * MIB, cpu: 0 } } },
    ],
    [
      'the sample has no time',
      { limits: { memory: 64 * MIB }, look: { use: { at: 'soon', memory: 60 * MIB, cpu: 0 } } },
    ],
  ])('the operator neither warns nor refuses where %s', (_, place) => {
    for (const onPressure of ['Warn', 'Refuse'] as const) {
      const world = settled({ ...place, policy: { onPressure } });
      expect(isInjected(world)).toBe(true);
      expect(warnings(world)).toEqual([]);
    }
  });

  it('a policy with onPressure Refuse ends no session that has begun', () => {
    const world = World.running();
    world.pressure = FULL_DISK;
    world.rules = { ...OPEN_RULES, policy: { kind: 'found', spec: { ...OPEN_POLICY, onPressure: 'Refuse' } } };
    world.settle();
    expect(world.phase).toBe('Running');
  });

  it('a refused session starts with another attempt when there is room', () => {
    const world = settled({ look: FULL_DISK, policy: { onPressure: 'Refuse' } });
    world.pressure = { node: [] };
    world.edit({ attempt: 2 });
    world.settle();
    expect(world.phase).toBe('Starting');
  });

  it('the warning is one printable line with any message of the node', () => {
    const message = `full\u001b[31m\n${'x'.repeat(5_000)}`;
    const [told = ''] = warnings(settled({ look: { node: [{ type: 'MemoryPressure', message, since: '\u0007' }] } }));
    expect(told).toMatch(/^[ -~]{1,500}$/);
  });
});
