import type { DebugSession, EndedBy } from '../../src/api/debugsession.ts';
import { podsPath, sessionsPath } from '../../src/reconcile/session-api.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { isReady } from '../../test/support/builders/pods.ts';
import { ContainerExits } from '../rig/container-exits.ts';
import { Decoys, decoyPod } from '../rig/decoys.ts';
import { NAMESPACES, shapeOf, specOf, wordsOf } from './ending-shapes.ts';
import { Followed } from '../rig/followed.ts';
import { pool } from '../rig/pool.ts';
import type { Rig } from '../rig/rig.ts';

export interface EndingOptions {
  /** Sessions that run into their deadline: half with a supervisor, half without. */
  deadlines: number;
  /** Sessions that are cancelled. */
  cancels: number;
}

/** How a session was to end. */
export type Group = 'supervisor' | 'exec' | 'cancel';

/** One session. Times in ms since the epoch; API server, node, operator and benchmark share the machine's clock. */
export interface SessionEnd {
  group: Group;
  shape: string;
  /** Its deadline; of a cancelled one when that was sent. */
  due: number;
  /** When its container ended, by containerd's event. Absent: it had not {@link PATIENCE_MS} later. */
  exited?: number;
  /** When a watch showed it over with StopConfirmed=True. Absent: not {@link PATIENCE_MS} later. */
  said?: number;
  endedBy?: EndedBy;
}

export interface Ending {
  ends: SessionEnd[];
  decoys: { all: number; killed: number };
  /** Containers that live after their sessions' statuses have said that they have ended. */
  alive: { /** By containerd. */ tasks: number; /** By the pods' statuses. */ pods: number };
}

/** How long after it was due an end is awaited. */
export const PATIENCE_MS = 60_000;
/** Sessions that are started at the same time, and that share a pod. */
const [STARTING, SHARING] = [8, 5];
/** From the start of a supervised session: by then most of the others have started, too. */
const SUPERVISED_TTL = '20s';
/** How long it may take to start one more session, so that all can have one deadline. */
const START_MS = 700;
/** Cancelled at the same time. */
const CANCELLING = 4;

/**
 * Sessions of every shape that end in every way, each in a pod full of {@link Decoys}.
 * @returns once nothing is under way any more; a session that has not ended is a result as well
 */
export async function measureEnding(rig: Rig, options: EndingOptions): Promise<Ending> {
  const namespace = await rig.namespace('ending');
  const exits = ContainerExits.start(rig.clusterNode);
  const pods = await Followed.start<RawPod>(rig.client, podsPath(namespace));
  const sessions = await Followed.start<DebugSession>(rig.client, sessionsPath(namespace));
  const operator = await rig.startOperator();
  const bench = { rig, namespace, exits, pods, sessions };
  try {
    return await Promise.race([operator.failed, exits.failed, measure(bench, options)]);
  } finally {
    await rig.stopOperator(operator);
    await Promise.all([exits.stop(), pods.stop(), sessions.stop()]);
  }
}

/** What the ends of sessions are followed by. */
export interface Bench {
  rig: Rig;
  namespace: string;
  exits: ContainerExits;
  pods: Followed<RawPod>;
  sessions: Followed<DebugSession>;
}

async function measure(bench: Bench, { deadlines, cancels }: EndingOptions): Promise<Ending> {
  const podNames = await startPods(bench, Math.ceil((deadlines + cancels) / NAMESPACES.length / SHARING));
  const uids = bench.pods.list().map(({ metadata }) => metadata.uid);
  const decoys = await Decoys.of(uids);
  const half = Math.ceil(deadlines / 2);
  const stand = { ...bench, podNames };
  const ends = [
    ...(await endBySupervisor(stand, half)),
    ...(await endByExec(stand, deadlines - half)),
    ...(await endByCancel(stand, cancels)),
  ];
  return { ends, decoys: { all: decoys.count, killed: decoys.killed() }, alive: await living(bench) };
}

/** By the process namespace that their sessions are in. */
type PodNames = Record<(typeof NAMESPACES)[number], string[]>;

const PODS: Record<keyof PodNames, object> = {
  own: {},
  joined: {},
  shared: { shareProcessNamespace: true },
  host: { hostPID: true },
};

async function startPods({ rig, namespace, pods }: Bench, ofAKind: number): Promise<PodNames> {
  const names: PodNames = { own: [], joined: [], shared: [], host: [] };
  for (const kind of NAMESPACES) names[kind] = Array.from({ length: ofAKind }, (_, index) => `${kind}-${index}`);
  const all = NAMESPACES.flatMap((kind) => names[kind].map((name) => ({ kind, name })));
  await pool(all.length, STARTING, async (index) => {
    const { kind = 'own', name = '' } = all[index] ?? {};
    await rig.client.create(podsPath(namespace), { metadata: { name }, spec: decoyPod(PODS[kind]) });
    await pods.until(name, isReady, 120_000);
  });
  return names;
}

interface Stand extends Bench {
  podNames: PodNames;
}

interface Started {
  name: string;
  group: Group;
  shape: string;
  session: DebugSession;
}

/** The operator does nothing about these: it is down to the shell in each container. */
async function endBySupervisor(stand: Stand, count: number): Promise<SessionEnd[]> {
  const started = await startAll(stand, 'supervisor', count, () => SUPERVISED_TTL);
  return Promise.all(started.map((one) => end(stand, one, deadlineOf(one))));
}

/**
 * Nothing in these containers knows of a deadline, and all have the same, but for the time that each takes to start:
 * the operator has to be everywhere at once.
 */
async function endByExec(stand: Stand, count: number): Promise<SessionEnd[]> {
  const together = Date.now() + 8_000 + count * START_MS;
  const ttl = (): string => `${Math.max(5, Math.ceil((together - Date.now()) / 1_000))}s`;
  const started = await startAll(stand, 'exec', count, ttl);
  return Promise.all(started.map((one) => end(stand, one, deadlineOf(one))));
}

async function endByCancel(stand: Stand, count: number): Promise<SessionEnd[]> {
  const started = await startAll(stand, 'cancel', count, () => '30m');
  const ends: SessionEnd[] = [];
  await pool(started.length, CANCELLING, async (index) => {
    const one = started[index] as Started;
    const path = `${sessionsPath(stand.namespace)}/${one.name}`;
    const sent = Date.now();
    await stand.rig.client.patch(path, { spec: { cancel: true } }, { type: 'merge' });
    ends.push(await end(stand, one, sent));
  });
  return ends;
}

/** @throws Error when one does not start: then nothing is known of its end */
async function startAll(stand: Stand, group: Group, count: number, ttl: () => string): Promise<Started[]> {
  const started: Started[] = [];
  await pool(count, STARTING, async (index) => {
    const name = `${group}-${index}`;
    const shape = shapeOf(index);
    const candidates = stand.podNames[shape.namespace];
    const podName = candidates[Math.floor(index / NAMESPACES.length) % candidates.length] ?? '';
    const spec = specOf(shape, podName, group === 'exec' ? 'None' : 'Shell');
    await stand.rig.createSession(stand.namespace, name, { ...spec, ttl: ttl() });
    const { object } = await stand.sessions.until(name, ({ status }) => status?.expiresAt !== undefined);
    started.push({ name, group, shape: wordsOf(shape), session: object });
  });
  return started;
}

function deadlineOf({ session }: Started): number {
  return Date.parse(session.status?.expiresAt ?? '');
}

async function end(
  { sessions, exits }: Bench,
  { name, group, shape, session }: Started,
  due: number,
): Promise<SessionEnd> {
  const patience = due + PATIENCE_MS - Date.now();
  const over = await sessions.until(name, isConfirmed, patience).catch(() => undefined);
  const exited = exits.at(runOf(session)?.containerID ?? '');
  const endedBy = over && runOf(over.object)?.endedBy;
  return {
    ...{ group, shape, due },
    ...(exited !== undefined && { exited }),
    ...(over !== undefined && { said: performance.timeOrigin + over.at }),
    ...(endedBy !== undefined && { endedBy }),
  };
}

function isConfirmed({ status }: DebugSession): boolean {
  const confirmed = status?.conditions?.some((one) => one.type === 'StopConfirmed' && one.status === 'True');
  return status?.completedAt !== undefined && confirmed === true;
}

function runOf({ status }: DebugSession): NonNullable<NonNullable<DebugSession['status']>['runs']>[number] | undefined {
  return status?.runs?.at(-1);
}

/**
 * Of all containers that were debug containers, whatever their ids: one that the kubelet ran again would have another
 * than its session knows. Those of sessions that do not say that they have ended may live.
 */
async function living({ rig, namespace, sessions }: Bench): Promise<Ending['alive']> {
  const open = sessions
    .list()
    .filter((session) => !isConfirmed(session))
    .map(runOf);
  const filter = `labels."io.kubernetes.pod.namespace"==${namespace},labels."io.kubernetes.container.name"~="^debug-"`;
  const listed = await rig.clusterNode.ctr(['containers', 'ls', '--quiet', filter]);
  const running = await rig.clusterNode.runningContainers();
  const openIDs = open.map((run) => run?.containerID?.replace(/^.*:\/\//, ''));
  const tasks = listed.stdout.split('\n').filter((id) => running.has(id) && !openIDs.includes(id));
  const { items } = await rig.client.list<{ items: RawPod[] }>(podsPath(namespace));
  const statuses = items.flatMap(({ status }) => status?.ephemeralContainerStatuses ?? []);
  const openNames = open.map((run) => run?.debugContainerName);
  const pods = statuses.filter(({ name, state }) => state?.running !== undefined && !openNames.includes(name));
  return { tasks: tasks.length, pods: pods.length };
}
