import { describe, expect, it } from '@jest/globals';
import type { Pod } from '../../../../src/api/pod.ts';
import { MAX_EPHEMERAL_CONTAINERS, preflight } from '../../../../src/session/start/preflight.ts';
import { aPod, aStatus } from '../../../support/builders/builders.ts';

interface Case {
  when: string;
  pod: (pod: Pod) => void;
  target?: string;
  volumes?: string[];
  says: string;
  words?: RegExp;
}

function withVolumes(pod: Pod): void {
  pod.spec.volumes = [
    { name: 'data', mounted: true },
    { name: 'spare', mounted: false },
  ];
}

const CASES: Case[] = [
  { when: 'all is well', pod: () => undefined, says: 'go' },
  { when: 'all is well and the target runs', pod: () => undefined, target: 'app', says: 'go' },
  {
    when: 'it is a mirror pod',
    pod: (p) => (p.metadata.annotations = { 'kubernetes.io/config.mirror': 'x' }),
    says: 'never StaticPod',
    words: /kubectl debug node\/node-1/,
  },
  { when: 'it has succeeded', pod: (p) => (p.status.phase = 'Succeeded'), says: 'never PodFinished', words: /copy/ },
  { when: 'it has failed', pod: (p) => (p.status.phase = 'Failed'), says: 'never PodFinished' },
  {
    when: 'it is terminating',
    pod: (p) => (p.metadata.deletionTimestamp = '2026-01-01T12:00:00Z'),
    says: 'later PodTerminating',
  },
  {
    when: 'it is terminating, and its name was generated',
    pod: ({ metadata }) => {
      metadata.deletionTimestamp = '2026-01-01T12:00:00Z';
      metadata.generateName = 'web-';
      metadata.ownerReferences = [{ kind: 'ReplicaSet', name: 'web-7c9f', uid: 'r', controller: true }];
    },
    says: 'never PodTerminating',
    words: /ReplicaSet web-7c9f generated its name, so no pod of that name comes back: .* target\.workloadRef/,
  },
  {
    when: 'its node has not set it up',
    pod: ({ status }) => {
      status.phase = 'Pending';
      status.conditions = [{ type: 'PodReadyToStartContainers', status: 'False' }];
      status.containerStatuses = [aStatus('app', { waiting: { reason: 'ContainerCreating' } })];
    },
    says: 'later PodNotReadyToStartContainers',
    words:
      /^Pod web-1 is not ready to start containers: .*\(container app waits: ContainerCreating\); kubectl describe/,
  },
  {
    when: 'the kubelet has not reported it yet',
    pod: ({ status }) => {
      status.phase = 'Pending';
      status.conditions = [{ type: 'PodScheduled', status: 'True' }];
      status.containerStatuses = [];
    },
    says: 'later PodNotReadyToStartContainers',
    words: /the kubelet of node node-1 has not reported it yet$/,
  },
  {
    when: 'it is set up, and its init container runs',
    pod: ({ spec, status }) => {
      spec.initContainers = [{ name: 'setup' }];
      status.phase = 'Pending';
      status.conditions = [{ type: 'PodReadyToStartContainers', status: 'True' }];
      status.initContainerStatuses = [aStatus('setup', { running: {} })];
      status.containerStatuses = [aStatus('app', { waiting: { reason: 'PodInitializing' } })];
    },
    target: 'setup',
    says: 'go',
  },
  {
    when: 'the target has ended for good',
    pod: ({ spec, status }) => {
      spec.restartPolicy = 'Never';
      status.containerStatuses = [aStatus('app', { terminated: { exitCode: 0, reason: 'Completed' } })];
    },
    target: 'app',
    says: 'never TargetContainerFinished',
    words: /app of pod web-1 has ended for good \(terminated: Completed 0\).*leave target\.containerName out/,
  },
  {
    when: 'the target is an init container that is done',
    pod: ({ spec, status }) => {
      spec.initContainers = [{ name: 'setup' }];
      status.initContainerStatuses = [aStatus('setup', { terminated: { exitCode: 0, reason: 'Completed' } })];
    },
    target: 'setup',
    says: 'never TargetContainerFinished',
  },
  {
    when: 'the target has ended and is started again',
    pod: ({ status }) => (status.containerStatuses = [aStatus('app', { terminated: { exitCode: 0 } })]),
    target: 'app',
    says: 'later TargetContainerNotRunning',
  },
  { when: 'it runs on Windows', pod: (p) => (p.spec.os = { name: 'windows' }), says: 'never WindowsNode' },
  { when: 'it says linux', pod: (p) => (p.spec.os = { name: 'linux' }), says: 'go' },
  {
    when: 'the target is unknown',
    pod: (p) => (p.spec.initContainers = [{ name: 'setup' }]),
    target: 'ap',
    says: 'never TargetContainerNotFound',
    words: /it has app, setup/,
  },
  { when: 'its application mounts the volume too', pod: withVolumes, volumes: ['data', 'data'], says: 'go' },
  { when: 'no volume is asked for', pod: withVolumes, volumes: [], says: 'go' },
  {
    when: 'one of the volumes is unknown',
    pod: withVolumes,
    volumes: ['data', 'date', 'spare'],
    says: 'never VolumeNotFound',
    words: /^Pod web-1 has no volume date; it has data, spare$/,
  },
  {
    when: 'it has no volumes',
    pod: () => undefined,
    volumes: ['data'],
    says: 'never VolumeNotFound',
    words: /it has none$/,
  },
  {
    when: 'its application does not mount the volume',
    pod: withVolumes,
    volumes: ['data', 'spare'],
    says: 'never VolumeNotMounted',
    words: /No container of pod web-1 mounts its volume spare/,
  },
  {
    when: 'it has no node, and the volume will never be there',
    pod: (p) => {
      delete p.spec.nodeName;
    },
    volumes: ['data'],
    says: 'never VolumeNotFound',
  },
  {
    when: 'it has no node',
    pod: (p) => {
      delete p.spec.nodeName;
      p.status.conditions = [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes are available' }];
    },
    says: 'later PodNotScheduled',
    words: /0\/3 nodes/,
  },
  {
    when: 'it is full of ephemeral containers',
    pod: (p) =>
      (p.spec.ephemeralContainers = Array.from({ length: MAX_EPHEMERAL_CONTAINERS }, (_, i) => ({ name: `e${i}` }))),
    says: 'never TooManyEphemeralContainers',
    words: /Restart the pod/,
  },
  { when: 'it is as large as it may be', pod: (p) => (p.metadata.storedBytes = 640 * 1024), says: 'go' },
  {
    when: 'it is larger',
    pod: (p) => (p.metadata.storedBytes = 640 * 1024 + 1),
    says: 'never PodTooLarge',
    words: /^Pod web-1 takes 641 KiB; .* it could take 769 KiB\. At most 768 KiB are allowed, half of what etcd stores/,
  },
  {
    when: 'the target crash-loops',
    pod: (p) =>
      (p.status.containerStatuses = [
        aStatus('app', { waiting: { reason: 'CrashLoopBackOff' } }, { lastState: { terminated: { exitCode: 3 } } }),
      ]),
    target: 'app',
    says: 'later TargetContainerNotRunning',
    words: /CrashLoopBackOff, exited 3 before.*leave target.containerName out/,
  },
  {
    when: 'another container crash-loops',
    pod: (p) => p.status.containerStatuses?.push(aStatus('sidecar', { waiting: { reason: 'CrashLoopBackOff' } })),
    target: 'app',
    says: 'go',
  },
  {
    when: 'the target is an init container that runs',
    pod: (p) => {
      p.spec.initContainers = [{ name: 'setup' }];
      p.status.initContainerStatuses = [aStatus('setup', { running: {} })];
    },
    target: 'setup',
    says: 'go',
  },
  {
    when: 'it is both finished and terminating',
    pod: (p) => {
      p.status.phase = 'Failed';
      p.metadata.deletionTimestamp = '2026-01-01T12:00:00Z';
    },
    says: 'later PodTerminating',
  },
];

describe('preflight', () => {
  it.each(CASES)('preflight of a pod answers $says when $when', ({ pod, target, volumes, says, words }) => {
    const objection = preflight(aPod(pod), { containerName: target, volumes });
    expect(objection === undefined ? 'go' : `${objection.finality} ${objection.reason}`).toBe(says);
    if (words !== undefined) expect(objection?.message ?? '').toMatch(words);
  });

  it('preflight puts the words of a kubelet or user on one line', () => {
    const pod = aPod((p) => {
      delete p.spec.nodeName;
      p.status.conditions = [{ type: 'PodScheduled', status: 'False', message: 'a\nb\u001b[31m\u202ec' }];
    });
    const objection = preflight(pod, {});
    expect(objection).toMatchObject({ finality: 'later', message: 'Pod web-1 has no node yet: a b [31m c' });
  });
});
