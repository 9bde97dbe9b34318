import { describe, expect, it } from '@jest/globals';
import type { LabelSelector } from '../../../../src/api/label-selector.ts';
import type { Pod } from '../../../../src/api/pod.ts';
import { choosePod, selectorText } from '../../../../src/session/start/choose-pod.ts';
import { aPod } from '../../../support/builders/builders.ts';

const OWNERS = new Set(['replica-set-new', 'replica-set-old']);
const OWNER = { kind: 'ReplicaSet', name: 'web-7c9f', uid: 'replica-set-new', controller: true };
const OLD = '2026-01-01T09:00:00Z';
const NEW = '2026-01-01T10:00:00Z';

/** A ready pod of the workload. */
function ownPod(name: string, change: (pod: Pod) => void = () => undefined): Pod {
  return aPod((pod) => {
    Object.assign(pod.metadata, { name, ownerReferences: [OWNER] });
    change(pod);
  });
}

function madeAt(name: string, creationTimestamp: string | undefined): Pod {
  return ownPod(name, ({ metadata }) => {
    delete metadata.creationTimestamp;
    if (creationTimestamp !== undefined) metadata.creationTimestamp = creationTimestamp;
  });
}

/** The name of the pod, or why there is none. */
function chosen(pods: Pod[]): string {
  const sighting = choosePod({ apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, pods, OWNERS);
  if (sighting.kind === 'unresolved') return `${sighting.reason}: ${sighting.message}`;
  return sighting.kind === 'present' ? sighting.pod.metadata.name : sighting.kind;
}

describe('the pod of a workload', () => {
  it.each<[string, Pod[], string]>([
    ['that is the oldest', [madeAt('a', NEW), madeAt('b', OLD)], 'b'],
    ['that is the oldest and comes first', [madeAt('b', OLD), madeAt('a', NEW)], 'b'],
    ['that is the oldest of three', [madeAt('a', NEW), madeAt('c', OLD), madeAt('b', NEW)], 'c'],
    ['whose name comes first of one age', [madeAt('a', OLD), madeAt('b', OLD)], 'a'],
    ['whose name comes first and that is listed last', [madeAt('b', OLD), madeAt('a', OLD)], 'a'],
    ['without a time, before one with a time', [madeAt('a', OLD), madeAt('b', undefined)], 'b'],
    ['without a time that is listed first', [madeAt('b', undefined), madeAt('a', OLD)], 'b'],
  ])('choosePod takes the pod %s', (_, pods, name) => {
    expect(chosen(pods)).toBe(name);
  });

  it.each<[string, (pod: Pod) => void]>([
    ['is not ready', ({ status }) => (status.conditions = [{ type: 'Ready', status: 'False' }])],
    ['has only other conditions', ({ status }) => (status.conditions = [{ type: 'PodScheduled', status: 'True' }])],
    ['reports no conditions', ({ status }) => void delete status.conditions],
    ['is being deleted', ({ metadata }) => (metadata.deletionTimestamp = NEW)],
  ])('a session is given no pod that %s', (_, change) => {
    expect(chosen([ownPod('web-1', change)])).toBe(
      'NoReadyPod: Deployment web has no ready pod (1 in all); to debug one that is not ready, name it in target.podName',
    );
  });

  it.each<[string, Pod['metadata']['ownerReferences']]>([
    ['nobody', undefined],
    ['a workload of another name', [{ ...OWNER, uid: 'replica-set-of-another' }]],
    ['an owner that does not control it', [{ ...OWNER, controller: false }]],
  ])('a session is given no pod that belongs to %s', (_, ownerReferences) => {
    const pod = aPod(({ metadata }) => Object.assign(metadata, { ownerReferences }));
    expect(chosen([pod])).toMatch(/^NoReadyPod: Deployment web has no ready pod \(0 in all\)/);
  });

  it('a session is given a ready pod, whatever its other conditions say', () => {
    const conditions = [
      { type: 'ContainersDrained', status: 'False' },
      { type: 'Ready', status: 'True' },
    ];
    expect(chosen([ownPod('web-1', ({ status }) => (status.conditions = conditions))])).toBe('web-1');
  });

  it('a session is given a pod that has other owners besides its workload', () => {
    const others = [{ kind: 'Node', name: 'node-1', uid: 'node-uid' }, OWNER];
    expect(chosen([ownPod('web-1', ({ metadata }) => (metadata.ownerReferences = others))])).toBe('web-1');
  });
});

describe('the selector of a list request', () => {
  it.each<[LabelSelector, string]>([
    [{}, ''],
    [{ matchLabels: { app: 'web', tier: 'front' } }, 'app=web,tier=front'],
    [{ matchExpressions: [{ key: 'tier', operator: 'In', values: ['front', 'back'] }] }, 'tier in (front,back)'],
    [{ matchExpressions: [{ key: 'tier', operator: 'NotIn', values: ['front', 'back'] }] }, 'tier notin (front,back)'],
    [{ matchExpressions: [{ key: 'tier', operator: 'In' }] }, 'tier in ()'],
    [
      {
        matchLabels: { app: 'web' },
        matchExpressions: [
          { key: 'tier', operator: 'Exists' },
          { key: 'canary', operator: 'DoesNotExist' },
        ],
      },
      'app=web,tier,!canary',
    ],
  ])('selectorText writes %j as a list request asks for it', (selector, text) => {
    expect(selectorText(selector)).toBe(text);
  });

  it('selectorText refuses an operator that Kubernetes does not have', () => {
    const selector = { matchExpressions: [{ key: 'tier', operator: 'Gt' as never, values: ['1'] }] };
    expect(() => selectorText(selector)).toThrow('label selector operator Gt is unknown');
  });
});
