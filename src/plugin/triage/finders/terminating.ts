import { fromTimestamp } from '../../../api/time.ts';
import { lengthOfTime } from '../../words/length-of-time.ts';
import { containersOf } from '../containers.ts';
import type { PodFacts } from '../facts.ts';
import type { Finding } from '../finding.ts';
import { joined } from '../when.ts';

/** The pod is being deleted: since when, and what it waits for. */
export function terminating({ pod, namespace, now }: PodFacts): Finding[] {
  const { name, deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = pod.metadata;
  const end = fromTimestamp(deletionTimestamp);
  if (deletionTimestamp === undefined || end === undefined) return [];
  // The time stands for the end of the grace period, not for the moment of the deletion.
  const since = end - deletionGracePeriodSeconds * 1000;
  const running = containersOf(pod).filter(({ isRunning }) => isRunning);
  const seen = [
    joined([
      `deletionTimestamp ${deletionTimestamp}`,
      `grace period ${deletionGracePeriodSeconds}s`,
      finalizers.length > 0 ? `finalizers ${finalizers.join(', ')}` : '',
      running.length > 0 ? `still running: ${running.map((one) => one.name).join(', ')}` : '',
    ]),
  ];
  const title = `Pod ${name} has been Terminating for ${lengthOfTime(now - since)}`;
  const base = { title, seen };
  if (running.length > 0 && now <= end) {
    return [
      {
        ...base,
        kind: 'Terminating',
        weight: 'note',
        means: `Its containers have ${lengthOfTime(end - now)} left to end by themselves; then the kubelet kills them.`,
        todo: [`Wait, or read what they do: kubectl logs ${name} --all-containers -n ${namespace}`],
      },
    ];
  }
  if (finalizers.length > 0 && running.length === 0) return [heldByFinalizers(base, { name, namespace, finalizers })];
  return [
    {
      ...base,
      kind: 'TerminatingLate',
      weight: 'broken',
      means:
        'The grace period is over, and the node has not reported the end of the pod: the node does not answer, or it cannot end a container or unmount a volume.',
      todo: [
        `Look at the node: kubectl describe node ${pod.spec.nodeName ?? 'NODE'}`,
        'Delete the pod with --force only if you know that its node is off: its containers may go on elsewise.',
      ],
    },
  ];
}

function heldByFinalizers(
  base: Pick<Finding, 'title' | 'seen'>,
  { name, namespace, finalizers }: { name: string; namespace: string; finalizers: string[] },
): Finding {
  const [first = ''] = finalizers;
  return {
    ...base,
    kind: 'HeldByFinalizer',
    weight: 'broken',
    means: `Its containers have ended. The object stays until the program behind ${finalizers.length === 1 ? `finalizer ${first}` : 'each finalizer'} removes its finalizer.`,
    todo: [
      `Find the program that sets ${first}, and see whether it runs and what it logs.`,
      `If that program is gone for good, remove the finalizer by hand: kubectl edit pod ${name} -n ${namespace}`,
    ],
  };
}
