import { containersOf, nameOf } from '../containers.ts';
import { exitCodeWords } from '../exit-code.ts';
import type { PodFacts } from '../facts.ts';
import type { Finding } from '../finding.ts';
import { joined } from '../when.ts';

type Words = Pick<Finding, 'title' | 'means' | 'todo'>;

/** The pod has ended as a whole: evicted, out of time, or because its containers have ended. */
export function finished(facts: PodFacts): Finding[] {
  const { metadata, status } = facts.pod;
  if (status.phase !== 'Failed' && status.phase !== 'Succeeded') return [];
  if (metadata.deletionTimestamp !== undefined && status.reason === undefined) return [];
  const disruption = status.conditions?.find(({ type, status: is }) => type === 'DisruptionTarget' && is === 'True');
  const seen = [
    joined([`phase ${status.phase}`, status.reason]),
    status.message ?? '',
    disruption === undefined ? '' : `DisruptionTarget: ${joined([disruption.reason, disruption.message], ': ')}`,
    ...endings(facts),
  ].filter((line) => line !== '');
  const kind = status.reason ?? (status.phase === 'Failed' ? 'PodFailed' : 'PodSucceeded');
  const weight = status.phase === 'Failed' ? 'broken' : 'note';
  return [{ kind, weight, seen, ...words(facts) }];
}

function endings({ pod }: PodFacts): string[] {
  return containersOf(pod).flatMap((container) => {
    const { end } = container;
    if (end === undefined) return [];
    return [`${nameOf(container)} ended: ${joined([end.reason, `exit code ${end.exitCode}`])}`];
  });
}

function words({ pod, namespace }: PodFacts): Words {
  const { name } = pod.metadata;
  const { phase, reason, message = '' } = pod.status;
  const node = pod.spec.nodeName ?? 'its node';
  switch (reason) {
    case 'Evicted':
      return evicted(name, message);
    case 'DeadlineExceeded':
      return {
        title: `Pod ${name} has run for longer than it may`,
        means: 'The kubelet ended it when its activeDeadlineSeconds were over.',
        todo: ['Raise activeDeadlineSeconds, or find out what took so long in its logs.'],
      };
    case 'Terminated':
    case 'NodeShutdown':
      return {
        title: `Pod ${name} ended because node ${node} was shut down`,
        means: 'The node ended all its pods before it went down. A workload makes a new pod elsewhere.',
        todo: ['Delete the pod if no workload owns it, and create it again.'],
      };
    case 'Preempting':
      return {
        title: `Pod ${name} made room for another one`,
        means: 'A pod of higher priority needed its place.',
        todo: ['Give it a higher priorityClassName, or give the cluster more room.'],
      };
    default:
      return byContainers({ name, namespace, phase, reason, pod });
  }
}

/** Which resource ran out, by the words of the kubelet's eviction manager. */
const EVICTIONS: readonly [RegExp, string][] = [
  [/emptyDir volume "([^"]*)" exceeds/i, 'More was written to an emptyDir volume than its sizeLimit.'],
  [
    /ephemeral local storage usage exceeds/i,
    'Its containers wrote more to disk than their limit of ephemeral-storage.',
  ],
  [/exceed(?:s|ed) its local ephemeral storage limit/i, 'A container wrote more to disk than its limit.'],
  [/low on resource: memory/i, 'The node had too little memory, and this pod used more than it requests.'],
  [/low on resource: ephemeral-storage/i, 'The disk of the node was nearly full.'],
  [/low on resource: (?:pids|inodes)/i, 'The node had too few process numbers or inodes.'],
];

function evicted(name: string, message: string): Words {
  const why = EVICTIONS.find(([pattern]) => pattern.test(message))?.[1] ?? 'The node could not keep it.';
  return {
    title: `Pod ${name} was evicted from its node`,
    means: `${why} The kubelet ended it, and its files are gone. A workload makes a new pod; a bare pod stays as it is.`,
    todo: [
      /exceed/i.test(message)
        ? 'Raise the limit, or find out what the program writes there.'
        : 'Raise its requests to what it needs, so that other pods are evicted first, or give the node more.',
      'Look at a new pod of the workload while it fills up: nothing can start in an evicted pod.',
    ],
  };
}

function byContainers({
  name,
  namespace,
  phase,
  reason,
  pod,
}: {
  name: string;
  namespace: string;
  phase: string | undefined;
  reason: string | undefined;
  pod: PodFacts['pod'];
}): Words {
  if (phase === 'Succeeded') {
    return {
      title: `Pod ${name} has finished`,
      means: `All its containers ended without an error, and restartPolicy ${pod.spec.restartPolicy ?? 'Always'} starts them no more.`,
      todo: [`Read its log: kubectl logs ${name} --all-containers -n ${namespace}`],
    };
  }
  const failed = containersOf(pod).find(({ end }) => (end?.exitCode ?? 0) !== 0);
  return {
    title: `Pod ${name} has failed${reason === undefined ? '' : ` (${reason})`}`,
    means:
      failed?.end === undefined
        ? 'The kubelet or a controller gave the pod up; its words are above.'
        : `${nameOf(failed)} ended with exit code ${failed.end.exitCode}: ${exitCodeWords(failed.end)}. Its restart policy starts it no more.`,
    todo: [`Read its log: kubectl logs ${name} --all-containers -n ${namespace}`],
  };
}
