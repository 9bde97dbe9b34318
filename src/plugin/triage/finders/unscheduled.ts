import { fromTimestamp } from '../../../api/time.ts';
import type { PodFacts, SeenPod } from '../facts.ts';
import type { Finding } from '../finding.ts';
import { joined } from '../when.ts';

/** What the scheduler says of nodes (its plugins' reasons), what that means, and what to do. */
const CAUSES: readonly [RegExp, means: string, todo: string][] = [
  [
    /persistentvolumeclaim "[^"]*" (?:not found|is being deleted)/i,
    'A PersistentVolumeClaim that the pod names is missing.',
    'Create the claim, or correct its name in the pod: kubectl get pvc',
  ],
  [
    /unbound immediate PersistentVolumeClaims|didn't find available persistent volumes to bind/i,
    'A PersistentVolumeClaim of the pod has no volume yet.',
    'See why the claim is not bound: kubectl describe pvc',
  ],
  [
    /volume node affinity conflict/i,
    'Its volume exists only on nodes or in a zone where the pod may not run.',
    'Let the pod run where its volume is, or make the volume anew elsewhere.',
  ],
  [
    /untolerated taint/i,
    'Nodes have a taint that the pod does not tolerate.',
    'Add a toleration to the pod, or remove the taint from a node.',
  ],
  [
    /didn't match Pod's node affinity\/selector/i,
    'No such node has the labels that nodeSelector or the node affinity of the pod wants.',
    'Correct the selector, or label a node: kubectl get nodes --show-labels',
  ],
  [
    /pod (?:anti-)?affinity/i,
    'The rules for pods beside it (pod affinity) leave no node.',
    'Loosen podAffinity or podAntiAffinity, or add a node.',
  ],
  [
    /topology spread constraints/i,
    'The rules for spreading the pods leave no node.',
    'Loosen topologySpreadConstraints, or add a node.',
  ],
  [
    /free ports/i,
    'Another pod has the hostPort that the pod wants.',
    'Leave hostPort out, or use as many pods as there are nodes.',
  ],
  [/Too many pods/i, 'A node has as many pods as it may have.', 'Add a node, or remove pods that are not needed.'],
  [/were unschedulable/i, 'A node is cordoned, so it takes no new pods.', 'Uncordon the node: kubectl uncordon NODE'],
];

/** The pod has no node: in the scheduler's words, and why. */
export function unscheduled(facts: PodFacts): Finding[] {
  const { metadata, spec, status } = facts.pod;
  if ((spec.nodeName ?? '') !== '' || metadata.deletionTimestamp !== undefined) return [];
  const condition = status.conditions?.find(({ type }) => type === 'PodScheduled');
  const said = condition?.message ?? facts.events.find(({ reason }) => reason === 'FailedScheduling')?.message;
  const title = `Pod ${metadata.name} has no node`;
  if (condition?.reason === 'SchedulingGated') return [gated(facts.pod, said ?? '', title)];
  if (said === undefined) return [unseen(facts, title)];
  return [
    { kind: condition?.reason ?? 'Unschedulable', weight: 'broken', title, seen: [said], ...causesOf(facts.pod, said) },
  ];
}

function gated({ spec }: SeenPod, said: string, title: string): Finding {
  const gates = (spec.schedulingGates ?? []).map(({ name }) => name).join(', ');
  return {
    kind: 'SchedulingGated',
    weight: 'broken',
    title,
    seen: [joined(['SchedulingGated', said], ': '), `schedulingGates: ${gates}`],
    means: 'The scheduler leaves the pod alone until the gates are removed from it.',
    todo: ['Find the controller that sets the gates, and see whether it runs.'],
  };
}

function causesOf(pod: SeenPod, said: string): Pick<Finding, 'means' | 'todo'> {
  // Behind it the scheduler says why it would not help to push other pods away.
  const [nodes = ''] = said.split(/[.;]? (?:no new claims to deallocate, )?preemption: /);
  const resources = [...nodes.matchAll(/Insufficient ([\w/-]+(?:\.[\w/-]+)*)/g)].map(([, name]) => name ?? '');
  const found = CAUSES.filter(([pattern]) => pattern.test(nodes));
  const means = [
    ...found.map(([, words]) => words),
    ...[...new Set(resources)].map((name) => `No node has enough ${name} free: ${asks(pod, name)}.`),
  ];
  const room = 'Lower the requests of the pod to what it needs, free a node, or add one: kubectl describe nodes';
  return {
    means: means.length > 0 ? means.join(' ') : 'The scheduler finds no node that fits, for the reason above.',
    todo: [...found.map(([, , words]) => words), ...(resources.length > 0 ? [room] : [])],
  };
}

function asks({ spec }: SeenPod, resource: string): string {
  const requests = [...spec.containers, ...(spec.initContainers ?? [])].flatMap(({ name, resources }) => {
    const wanted = resources?.requests?.[resource];
    return wanted === undefined ? [] : [`container ${name} requests ${wanted}`];
  });
  return requests.length === 0 ? 'the pod requests more than is left' : requests.join(', ');
}

const SLOW_MS = 10_000;

function unseen({ pod: { metadata, spec }, namespace, now }: PodFacts, title: string): Finding {
  const age = now - (fromTimestamp(metadata.creationTimestamp) ?? now);
  const scheduler = spec.schedulerName ?? 'default-scheduler';
  const events = `kubectl get events -n ${namespace} --field-selector involvedObject.name=${metadata.name}`;
  return {
    kind: 'NotScheduled',
    weight: age < SLOW_MS ? 'note' : 'broken',
    title,
    seen: [`schedulerName ${scheduler}, and no word of it`],
    means: `The scheduler ${scheduler} has not looked at the pod yet: it is slow, does not run, or has another name.`,
    todo: [`Look for its events: ${events}`],
  };
}
