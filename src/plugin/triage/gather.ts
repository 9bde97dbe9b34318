import type { Target, WorkloadRef } from '../../api/debugsession.ts';
import { fromTimestamp } from '../../api/time.ts';
import { isPodOf } from '../default-container.ts';
import { Fault } from '../fault.ts';
import type { Answer, Kubectl } from '../kubectl.ts';
import { nearestName } from '../nearest-name.ts';
import { targetName } from '../target-reference.ts';
import { counted } from '../words/counted.ts';
import { containersOf } from './containers.ts';
import type { Facts, LogTail, SeenNode, SeenPod, SeenWorkload } from './facts.ts';
import { findings, WEIGHTS } from './findings.ts';
import { logsWanted, type WantedLog } from './logs-wanted.ts';
import { Reader } from './reader.ts';
import { ofObject, type RawEvent, seenEvents } from './seen-events.ts';

/** Everything that was found out, and what was not. */
export interface Gathered {
  facts: Facts;
  /** What may not be read or was not answered, one line each. */
  unread: string[];
  /** Of a workload: which of its pods this is about. */
  choice?: string;
}

/** What is known of a target before its surroundings are looked up. */
interface Found {
  pod?: SeenPod;
  workload?: SeenWorkload;
  events: RawEvent[];
  choice?: string;
}

/**
 * Looks a pod or workload up, with all that is around it.
 * @throws Fault when there is no such thing, or none to read
 */
export async function gather(kubectl: Kubectl, target: Target, now: number): Promise<Gathered> {
  const reader = new Reader(kubectl);
  const { podName = '', workloadRef } = target;
  const found = await (workloadRef === undefined ? findPod(reader, podName) : findWorkload(reader, workloadRef, now));
  const { pod, workload, choice } = found;
  const around = pod === undefined ? NOTHING : await lookAround(reader, pod);
  const { workloads, events, ...others } = around;
  const facts: Facts = {
    now,
    namespace: (pod ?? workload)?.metadata.namespace ?? '',
    ...(pod && { pod }),
    workloads: withAsked(workloads, workload),
    events: seenEvents([...found.events, ...events]),
    ...others,
  };
  return { facts, unread: reader.unread, ...(choice !== undefined && { choice }) };
}

/** The workload that was asked about stands among the owners of its pods, unless it has none. */
function withAsked(owners: readonly SeenWorkload[], asked: SeenWorkload | undefined): SeenWorkload[] {
  const isThere = owners.some(({ kind, metadata }) => kind === asked?.kind && metadata.name === asked.metadata.name);
  return asked === undefined || isThere ? [...owners] : [...owners, asked];
}

async function findPod({ kubectl }: Reader, name: string): Promise<Found> {
  const answer = await kubectl.call(['get', 'pods', name, '--output=json']);
  if (answer.kind === 'refused') throw await missing(kubectl, { answer, name, resource: 'pods' });
  return { pod: JSON.parse(answer.stdout) as SeenPod, events: [] };
}

/** Names what was meant, where a name is mistyped. */
async function missing(
  kubectl: Kubectl,
  { answer, name, resource }: { answer: Extract<Answer, { kind: 'refused' }>; name: string; resource: string },
): Promise<Fault> {
  if (answer.refusal.kind !== 'NotFound') return new Fault(answer.refusal.lines);
  const meant = await nearestName(kubectl, resource, name);
  const kind = resource.replace(/s(?:\..*)?$/, '');
  return new Fault(
    `there is no ${kind} ${name} in this namespace${meant === undefined ? '' : `, did you mean ${meant}?`}`,
  );
}

const RESOURCES: Readonly<Record<string, string>> = {
  Deployment: 'deployments.apps',
  StatefulSet: 'statefulsets.apps',
  DaemonSet: 'daemonsets.apps',
  ReplicaSet: 'replicasets.apps',
  Job: 'jobs.batch',
  ReplicationController: 'replicationcontrollers',
};

async function findWorkload(reader: Reader, ref: WorkloadRef, now: number): Promise<Found> {
  const { kubectl } = reader;
  const resource = RESOURCES[ref.kind] ?? '';
  const [answer, pods, events] = await Promise.all([
    kubectl.call(['get', resource, ref.name, '--output=json']),
    kubectl.json<{ items: SeenPod[] }>(['get', 'pods']),
    reader.events(ref.kind, ref.name),
  ]);
  if (answer.kind === 'refused' && answer.refusal.kind === 'NotFound') {
    throw await missing(kubectl, { answer, name: ref.name, resource });
  }
  const workload = answer.kind === 'done' ? (JSON.parse(answer.stdout) as SeenWorkload) : undefined;
  const own = pods.items.filter((pod) => isPodOf(pod, ref));
  const pod = gravest(own, now);
  if (answer.kind === 'refused') {
    // Neither the workload nor a pod of it can be looked at.
    if (pod === undefined) throw new Fault(answer.refusal.lines);
    reader.note(`${ref.kind} ${ref.name}`, answer.refusal);
  }
  const ofSets = pod === undefined && ref.kind === 'Deployment' ? await eventsOfSets(reader, ref.name) : [];
  return {
    ...(pod && { pod, choice: choiceWords(ref, own, pod) }),
    ...(workload && { workload }),
    events: [...ofObject(events, workload?.metadata.uid), ...ofSets],
  };
}

/** A Deployment without a pod: its ReplicaSets say why, and are named after it. */
async function eventsOfSets(reader: Reader, name: string): Promise<RawEvent[]> {
  const events = await reader.events('ReplicaSet');
  return events.filter(({ involvedObject }) => {
    const own = involvedObject.name ?? '';
    return own.startsWith(`${name}-`) && /^[a-z0-9]+$/.test(own.slice(name.length + 1));
  });
}

/** The pod with the most to tell; of several the newest. */
function gravest(pods: readonly SeenPod[], now: number): SeenPod | undefined {
  const rank = (pod: SeenPod): number => {
    const bare = { now, namespace: '', pod, workloads: [], events: [], logs: [] };
    const [first] = findings(bare);
    return first === undefined ? WEIGHTS.length : WEIGHTS.indexOf(first.weight);
  };
  const age = ({ metadata }: SeenPod): number => fromTimestamp(metadata.creationTimestamp) ?? 0;
  return pods
    .map((pod) => ({ pod, rank: rank(pod) }))
    .sort((one, other) => one.rank - other.rank || age(other.pod) - age(one.pod))[0]?.pod;
}

function choiceWords(ref: WorkloadRef, pods: readonly SeenPod[], pod: SeenPod): string {
  const ready = pods.filter((one) => containersOf(one).every(({ role, isReady }) => role !== 'container' || isReady));
  const name = targetName({ workloadRef: ref });
  return `${name} has ${counted(pods.length, 'pod')}, ${ready.length} ready: this is about pod ${pod.metadata.name}`;
}

interface Around {
  workloads: SeenWorkload[];
  events: RawEvent[];
  node?: SeenNode;
  logs: LogTail[];
}

const NOTHING: Around = { workloads: [], events: [], logs: [] };

async function lookAround(reader: Reader, pod: SeenPod): Promise<Around> {
  const { nodeName } = pod.spec;
  const [owners, node, events, logs] = await Promise.all([
    Promise.all(ownersOf(pod).map((owner) => lookAtOwner(reader, owner, pod.metadata.namespace))),
    nodeName === undefined ? undefined : reader.object<SeenNode>('nodes', nodeName, `Node ${nodeName}`),
    reader.events('Pod', pod.metadata.name, pod.metadata.namespace),
    Promise.all(logsWanted(pod).map((wanted) => tailOf(reader, pod, wanted))),
  ]);
  return {
    workloads: owners.flatMap(({ workload }) => workload ?? []),
    events: [...ofObject(events, pod.metadata.uid), ...owners.flatMap((owner) => owner.events)],
    ...(node && { node }),
    logs: logs.flatMap((log) => log ?? []),
  };
}

interface Owner {
  kind: string;
  name: string;
  uid?: string;
}

/** Its controller, and the Deployment that a ReplicaSet with a template's hash in its name is of. */
function ownersOf({ metadata }: SeenPod): Owner[] {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  if (owner === undefined || RESOURCES[owner.kind] === undefined) return [];
  const hash = metadata.labels?.['pod-template-hash'];
  const isOfDeployment = owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`);
  const { kind, name, uid } = owner;
  const above = { kind: 'Deployment', name: name.slice(0, -1 - (hash?.length ?? 0)) };
  return [{ kind, name, uid }, ...(isOfDeployment ? [above] : [])];
}

async function lookAtOwner(
  reader: Reader,
  { kind, name, uid }: Owner,
  namespace: string,
): Promise<{ workload?: SeenWorkload; events: RawEvent[] }> {
  const [workload, events] = await Promise.all([
    reader.object<SeenWorkload>(RESOURCES[kind] ?? '', name, `${kind} ${name}`, namespace),
    reader.events(kind, name, namespace),
  ]);
  return { ...(workload && { workload }), events: ofObject(events, uid ?? workload?.metadata.uid) };
}

const LINES = 10;
const MAX_BYTES = 16 * 1024;

/** The kubelet's answer where the node has removed the log; it stands in the place of the log. */
const REMOVED = /^unable to retrieve container logs for /;

async function tailOf(
  reader: Reader,
  pod: SeenPod,
  { container, isPrevious }: WantedLog,
): Promise<LogTail | undefined> {
  const { name, namespace } = pod.metadata;
  const where = [`--container=${container}`, `--namespace=${namespace}`];
  const flags = [...where, `--tail=${LINES}`, `--limit-bytes=${MAX_BYTES}`, ...(isPrevious ? ['--previous'] : [])];
  const answer = await reader.kubectl.call(['logs', name, ...flags]);
  if (answer.kind === 'refused') {
    reader.note(`The log of container ${container}`, answer.refusal);
    return undefined;
  }
  const lines = answer.stdout.split('\n').filter((line) => line.trim() !== '');
  if (lines.length !== 1 || !REMOVED.test(lines[0] ?? '')) return { container, isPrevious, lines };
  // It has ended once more meanwhile, and a node keeps the log of the newest end.
  return isPrevious ? tailOf(reader, pod, { container, isPrevious: false }) : undefined;
}
