import { describe, expect, it } from '@jest/globals';
import type { ContainerStatus, Pod } from '../../../../src/api/pod.ts';
import { neverComesBack, preflight } from '../../../../src/session/start/preflight.ts';
import { aPod, aStatus } from '../../../support/builders/builders.ts';

/** What a session reads that wants the container `app` of this pod. */
function objectionTo(pod: (pod: Pod) => void, containerName?: string): string {
  const objection = preflight(aPod(pod), { containerName });
  return objection === undefined ? 'go' : `${objection.finality} ${objection.reason}: ${objection.message}`;
}

describe('a target container that does not run', () => {
  const LATER =
    'Its process namespace can be joined only while it runs; leave target.containerName out to debug the pod without it';

  it.each<[string, ContainerStatus[], string]>([
    ['has no status', [], 'waiting: not started'],
    ['has no state', [{ name: 'app' }], 'waiting: not started'],
    ['waits without a reason', [aStatus('app', { waiting: {} })], 'waiting: not started'],
    ['waits', [aStatus('app', { waiting: { reason: 'ContainerCreating' } })], 'waiting: ContainerCreating'],
    [
      'waits after an end',
      [aStatus('app', { waiting: {} }, { lastState: { terminated: { exitCode: 137 } } })],
      'waiting: not started, exited 137 before',
    ],
    ['has ended', [aStatus('app', { terminated: { exitCode: 2, reason: 'Error' } })], 'terminated: Error 2'],
    ['has ended for no known reason', [aStatus('app', { terminated: { exitCode: 2 } })], 'terminated: exited 2'],
  ])('a session reads of a target container that %s how it is', (_, statuses, state) => {
    expect(objectionTo(({ status }) => (status.containerStatuses = statuses), 'app')).toBe(
      `later TargetContainerNotRunning: Container app of pod web-1 is not running (${state}). ${LATER}`,
    );
  });

  it.each<[string, ContainerStatus[]]>([
    ['waits', [aStatus('app', { waiting: { reason: 'ContainerCreating' } })]],
    ['has no status', []],
  ])('a session waits for a target container that %s, though it is never started again', (_, statuses) => {
    const words = objectionTo(({ spec, status }) => {
      spec.restartPolicy = 'Never';
      status.containerStatuses = statuses;
    }, 'app');
    expect(words).toMatch(/^later TargetContainerNotRunning: /);
  });
});

describe('a pod that takes no container', () => {
  it('a session reads that its pod runs on Windows', () => {
    expect(objectionTo(({ spec }) => (spec.os = { name: 'windows' }))).toBe(
      'never WindowsNode: Pod web-1 runs on Windows, and debug sessions work on Linux only',
    );
  });

  it('a session reads how to debug the node of a static pod that names no node', () => {
    const words = objectionTo(({ metadata, spec }) => {
      metadata.annotations = { 'kubernetes.io/config.mirror': 'x' };
      delete spec.nodeName;
    });
    expect(words).toMatch(/^never StaticPod: .*; use kubectl debug node\/NODE$/);
  });

  it('a session reads which containers its pod has', () => {
    expect(objectionTo(() => undefined, 'ap')).toBe(
      'never TargetContainerNotFound: Pod web-1 has no container ap; it has app',
    );
  });

  it.each<[string, string | undefined, Pod['status']['conditions'], string]>([
    ['no conditions', undefined, undefined, ''],
    ['an empty node', '', undefined, ''],
    ['a condition without words', undefined, [{ type: 'PodScheduled', status: 'False' }], ''],
    [
      'the words of other conditions',
      undefined,
      [
        { type: 'Ready', status: 'False', message: 'not ready' },
        { type: 'PodScheduled', status: 'False', message: 'no node fits' },
      ],
      ': no node fits',
    ],
  ])('a session reads why its pod has no node: %s', (_, nodeName, conditions, why) => {
    const words = objectionTo(({ spec, status }) => {
      delete spec.nodeName;
      if (nodeName !== undefined) spec.nodeName = nodeName;
      Object.assign(status, { conditions });
    });
    expect(words).toBe(`later PodNotScheduled: Pod web-1 has no node yet${why}`);
  });
});

describe('a pod of a generated name', () => {
  const NOT_BACK = 'so no pod of that name comes back: name its workload in target.workloadRef, or another pod';
  const owner = { kind: 'ReplicaSet', name: 'web-7c9f', uid: 'r' };

  it.each<[string, Pod['metadata']['ownerReferences'], string]>([
    ['no owners', undefined, 'its name was generated'],
    ['an owner that does not control it', [{ ...owner, controller: false }], 'its name was generated'],
    ['an owner that may control it', [owner], 'its name was generated'],
    [
      'two owners',
      [
        { ...owner, name: 'other' },
        { ...owner, controller: true },
      ],
      'ReplicaSet web-7c9f generated its name',
    ],
  ])('neverComesBack names what generated the name of a pod with %s', (_, ownerReferences, whose) => {
    const pod = aPod(({ metadata }) => Object.assign(metadata, { generateName: 'web-', ownerReferences }));
    expect(neverComesBack(pod)).toBe(`${whose}, ${NOT_BACK}`);
  });

  it('neverComesBack has no objection to a pod whose name was given', () => {
    const pod = aPod(
      ({ metadata }) => (metadata.ownerReferences = [{ ...owner, kind: 'StatefulSet', controller: true }]),
    );
    expect(neverComesBack(pod)).toBeUndefined();
  });
});
