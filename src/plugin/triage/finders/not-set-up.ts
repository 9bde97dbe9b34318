import { containersOf } from '../containers.ts';
import type { PodFacts } from '../facts.ts';
import type { Finding } from '../finding.ts';
import { missingObject } from './missing-object.ts';
import { counted } from '../../words/counted.ts';

type Words = Pick<Finding, 'means' | 'todo'>;

const REASONS = [
  'FailedMount',
  'FailedAttachVolume',
  'FailedMapVolume',
  'FailedCreatePodSandBox',
  'FailedPodSandBoxStatus',
  'NetworkNotReady',
  'FailedPrepareDynamicResources',
];

/** The node cannot set the pod up: a volume, its sandbox or its network is missing, and so no container starts. */
export function notSetUp({ pod, namespace, events }: PodFacts): Finding[] {
  const isWaiting = containersOf(pod).some(
    ({ waiting }) => waiting?.reason === 'ContainerCreating' || waiting?.reason === 'PodInitializing',
  );
  // A container that has been made shows that the events are of the past.
  const isSetUp = pod.status.conditions?.some(
    ({ type, status }) => type === 'PodReadyToStartContainers' && status === 'True',
  );
  if (!isWaiting || isSetUp === true || pod.metadata.deletionTimestamp !== undefined) return [];
  const said = events.filter(({ reason, about }) => REASONS.includes(reason) && about === `pod ${pod.metadata.name}`);
  const [newest] = said;
  if (newest === undefined) return [];
  return [
    {
      kind: newest.reason,
      weight: 'broken',
      title: `Node ${pod.spec.nodeName ?? ''} cannot set up pod ${pod.metadata.name}`,
      seen: said.slice(0, 3).map(({ reason, message, count }) => `${reason} (${counted(count, 'time')}): ${message}`),
      ...wordsOf(newest.reason, newest.message, namespace),
    },
  ];
}

function wordsOf(reason: string, message: string, namespace: string): Words {
  const missing = missingObject(message);
  if (missing !== undefined) {
    const { what, todo } = missing;
    return {
      means: `A volume is made of ${what}, which does not exist in namespace ${namespace}. No container starts before.`,
      todo,
    };
  }
  if (/references non-existent (?:secret|config) key/i.test(message)) {
    return {
      means: 'A volume names a key that its secret or config map does not have.',
      todo: ['Add the key, or correct its name in the pod.'],
    };
  }
  if (/Multi-Attach/i.test(message)) {
    return {
      means: 'The volume is attached to another node, and can be at one node only.',
      todo: ['Find the pod that has the volume, often the previous pod of the workload, and see why it has not ended.'],
    };
  }
  if (reason === 'FailedCreatePodSandBox' || reason === 'NetworkNotReady' || reason === 'FailedPodSandBoxStatus') {
    return {
      means: 'The container runtime or the network plugin of the node fails. The pod is not the cause.',
      todo: ['Look at the network plugin on that node, and whether addresses for pods are left.'],
    };
  }
  return {
    means: 'The node cannot attach or mount a volume of the pod. No container starts before.',
    todo: [`See whether the claims of the pod are bound: kubectl get pvc -n ${namespace}`],
  };
}
