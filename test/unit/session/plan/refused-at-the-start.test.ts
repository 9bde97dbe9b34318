import { describe, expect, it } from '@jest/globals';
import type { DebugSessionSpec } from '../../../../src/api/debugsession.ts';
import type { Pod } from '../../../../src/api/pod.ts';
import { OPEN_POLICY, OPEN_RULES } from '../../../support/builders/open-policy.ts';
import { World } from '../../../support/world/world.ts';

// An attempt that fails before its intent: why, and what its record says of the pod.

function settled(spec: Partial<DebugSessionSpec>, change: (world: World) => void = () => undefined): World {
  const world = new World(spec);
  change(world);
  world.settle();
  return world;
}

describe('the record of a refused attempt', () => {
  it('the record of a refused attempt has the pod, its node, and how the pod was then', () => {
    const { run } = settled({ target: { podName: 'web-1', containerName: 'nope' } });
    expect(run).toEqual({
      attempt: 1,
      podName: 'web-1',
      podUID: 'pod-uid-1',
      nodeName: 'node-1',
      before: { phase: 'Running', ready: true },
      image: 'docker.io/library/busybox:1.36',
      requestedBy: { username: 'dana' },
      finishedAt: '2026-01-01T12:00:00Z',
      overAt: '2026-01-01T12:00:00Z',
      state: 'Failed',
      reason: 'TargetContainerNotFound',
      message: 'Pod web-1 has no container nope; it has app',
    });
  });

  it('the record of a refused attempt has the name alone of a pod that is not there', () => {
    const { run } = settled({ notAfter: '2025-01-01T00:00:00Z' }, (world) => (world.pod = undefined));
    expect(run).toMatchObject({ podName: 'web-1', state: 'Failed', reason: 'Lapsed' });
    expect(Object.keys(run).filter((key) => ['podUID', 'nodeName', 'before'].includes(key))).toEqual([]);
  });

  it('the record of a refused attempt has no node where the pod has none', () => {
    const { run } = settled({ target: { podName: 'web-1', containerName: 'nope' } }, ({ pod }) => {
      delete pod?.spec.nodeName;
    });
    expect([run.podUID, Object.keys(run).includes('nodeName')]).toEqual(['pod-uid-1', false]);
  });

  it('the record of a refused attempt has no pod where none of its workload was chosen', () => {
    const ref = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } as const;
    const world = new World({ target: { workloadRef: ref }, pendingTimeout: '1m' });
    world.sighting = () => ({ kind: 'unresolved', reason: 'WorkloadNotFound', message: 'no Deployment web' });
    world.settle();
    world.pass(61_000);
    world.settle();
    expect([world.run.reason, world.run.message]).toEqual(['PendingTimeout', 'Waited 1m: no Deployment web']);
    expect(Object.keys(world.run)).not.toContain('podName');
  });
});

describe('a pod that the operator does not wait for', () => {
  const generated = (pod: Pod): void => {
    pod.metadata.generateName = 'web-7c9f-';
    pod.metadata.ownerReferences = [{ kind: 'ReplicaSet', name: 'web-7c9f', uid: 'rs', controller: true }];
  };

  it('a session fails at once where its pod went and a ReplicaSet had generated its name', () => {
    const world = settled({}, (it) => {
      it.changePod(generated);
      it.podGoes({ seen: true });
    });
    expect([world.phase, world.run.reason]).toEqual(['Failed', 'PodNotFound']);
    expect(world.run.message).toMatch(
      /^There is no pod web-1 in namespace shop any more; ReplicaSet web-7c9f generated its name, so no pod/,
    );
  });

  it('a session waits for a pod of a name that nobody generated, also where one of that name went', () => {
    const world = settled({}, (it) => it.podGoes({ seen: true }));
    expect([world.phase, world.message('Injected')]).toEqual([
      'Pending',
      'There is no pod web-1 in namespace shop; waiting for it to appear',
    ]);
  });
});

describe('what stands in the pod already', () => {
  it('a session fails where a container of another stands under its name, beside others', () => {
    const world = settled({}, (it) => {
      it.inject('by-hand', 'somebody');
      it.inject(it.nextName(), 'somebody');
    });
    expect([world.phase, world.run.reason, world.run.message]).toEqual([
      'Failed',
      'ContainerNameTaken',
      `Pod web-1 has an ephemeral container ${world.nextName().replace(/2$/, '1')} that does not belong to this session`,
    ]);
    expect(world.effects).toEqual(['addFinalizer', 'status Failed', 'removeFinalizer']);
  });

  it('a session fails where it mounts a volume that its pod does not have', () => {
    const world = settled({ volumeMounts: [{ name: 'data', mountPath: '/data' }] });
    expect([world.run.reason, world.run.message]).toEqual([
      'VolumeNotFound',
      'Pod web-1 has no volume data; it has none',
    ]);
  });
});

it('nobody is asked to approve a session whose pod can never take it', () => {
  const spec = { ...OPEN_POLICY, approval: { required: 1 } };
  const world = settled({ target: { podName: 'web-1', containerName: 'nope' } }, (it) => {
    it.rules = { ...OPEN_RULES, policy: { kind: 'found', spec } };
  });
  expect([world.phase, world.run.reason, world.told]).toEqual(['Failed', 'TargetContainerNotFound', ['Failed']]);
});
