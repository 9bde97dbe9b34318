import { setTimeout as delay } from 'node:timers/promises';
import type { StopBy } from '../../src/api/debugpolicy.ts';
import type { DebugSession, DebugSessionSpec, EndedBy, StopCause } from '../../src/api/debugsession.ts';
import { POLICIES_PATH } from '../../src/reconcile/debug-policies.ts';
import { podsPath, sessionsPath } from '../../src/reconcile/session-api.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { bashImage, busyboxImage, distrolessImage } from '../../test/cluster/image-names.ts';
import { OPEN_POLICY } from '../../test/support/builders/open-policy.ts';
import { appPod, isReady } from '../../test/support/builders/pods.ts';
import { applyNodeStop, removeNodeStop, STOP_NAMESPACE, stopPods } from '../../test/support/cluster/node-stop.ts';
import { ensureOperatorImage } from '../../test/support/cluster/operator-image.ts';
import { ContainerExits } from '../rig/container-exits.ts';
import { Followed } from '../rig/followed.ts';
import { pool } from '../rig/pool.ts';
import type { Rig } from '../rig/rig.ts';
import { type Bench, PATIENCE_MS } from './ending.ts';

export interface NodeStopOptions {
  /** Sessions that are cancelled under a policy that puts the node first. */
  first: number;
  /** Sessions that are cancelled under one that asks the inside before. */
  last: number;
  /** Sessions whose time is over under a policy that puts the node first. */
  expired: number;
}

/** One session that nothing inside ends. Times in ms since the epoch. */
export interface NodeEnd {
  stopBy: StopBy;
  cause: Extract<StopCause, 'Cancelled' | 'Deadline'>;
  shape: string;
  /** When its cancel was sent, or its deadline. */
  due: number;
  /** When its container ended, by containerd's event. Absent: not within a minute. */
  exited?: number;
  /** When a watch showed it over with StopConfirmed=True. */
  said?: number;
  endedBy?: EndedBy;
}

export interface NodeStop {
  ends: NodeEnd[];
  /** From the creation of each stop pod to its removal, as a watch has seen both, in ms. */
  lives: number[];
  /** Of the applications beside. */
  restarts: number;
}

const [STARTING, ENDING, SHARING] = [6, 4, 5];
/** Heeds no signal, and stops whatever it may. */
const HOSTILE = ['sh', '-c', 'trap "" HUP INT TERM USR1 USR2; while :; do kill -STOP -1; sleep .1; done'];

/** Nothing inside ends it on demand; at its deadline its supervisor does. */
const SUPERVISED = 'an exec that is stopped';

/** What nothing inside ends, by what stands in the way. */
const SHAPES: Readonly<Record<string, (podName: string, uid: number) => Partial<DebugSessionSpec>>> = {
  'process 1 that heeds no signal': () => ({ supervisor: 'None', image: busyboxImage, command: ['sleep', '3600'] }),
  'an image without a shell': () => ({
    ...{ supervisor: 'None', image: distrolessImage, command: ['/app'] },
    env: [{ name: 'LISTEN', value: ':0' }],
  }),
  'a supervisor that was stopped': (podName, runAsUser) => ({
    ...{ target: { podName, containerName: 'app' }, image: busyboxImage, command: HOSTILE },
    ...{ profile: 'restricted', securityContext: { runAsUser } },
  }),
  [SUPERVISED]: (_podName, runAsUser) => ({
    ...{ image: bashImage, command: HOSTILE, profile: 'restricted', securityContext: { runAsUser } },
  }),
};

/** Sessions that nothing inside ends, cancelled or past their deadline, with the component node-stop. */
export async function measureNodeStop(rig: Rig, { first, last, expired }: NodeStopOptions): Promise<NodeStop> {
  const image = await ensureOperatorImage(rig.clusterNode);
  const namespace = await rig.namespace('node-stop');
  await applyNodeStop(rig.cluster, image);
  const exits = ContainerExits.start(rig.clusterNode);
  const pods = await Followed.start<RawPod>(rig.client, podsPath(namespace));
  const sessions = await Followed.start<DebugSession>(rig.client, sessionsPath(namespace));
  const lives = new StopPodLives(rig);
  const flags = [`--node-stop-namespace=${STOP_NAMESPACE}`, `--node-stop-image=${image}`];
  const operator = await rig.startOperatorWith([...flags, `--cri-socket=${rig.clusterNode.runtimeSocket}`]);
  const bench: Bench = { rig, namespace, exits, pods, sessions };
  try {
    const ends = [
      ...(await endAll(bench, { stopBy: 'NodeFirst', cause: 'Cancelled', count: first })),
      ...(await endAll(bench, { stopBy: 'InsideFirst', cause: 'Cancelled', count: last })),
      ...(await endAll(bench, { stopBy: 'NodeFirst', cause: 'Deadline', count: expired })),
    ];
    const statuses = pods.list().flatMap(({ status }) => status?.containerStatuses ?? []);
    while ((await stopPods(rig.client)).length > 0) await delay(200);
    const restarts = statuses.reduce((sum, { restartCount = 0 }) => sum + restartCount, 0);
    return { ends, lives: lives.all, restarts };
  } finally {
    await rig.stopOperator(operator);
    await Promise.all([exits.stop(), pods.stop(), sessions.stop(), lives.stop()]);
    await removeNodeStop(rig.cluster);
  }
}

interface Group extends Pick<NodeEnd, 'stopBy' | 'cause'> {
  count: number;
}

async function endAll(bench: Bench, group: Group): Promise<NodeEnd[]> {
  const { rig, namespace } = bench;
  const prefix = `${group.stopBy}-${group.cause}`.toLowerCase();
  const policyName = `${namespace}-${prefix}`;
  const policy = { apiVersion: 'debugsession.dev/v1alpha1', kind: 'DebugPolicy', metadata: { name: policyName } };
  await rig.client.create(POLICIES_PATH, { ...policy, spec: { ...OPEN_POLICY, stopBy: group.stopBy } });
  try {
    await startPods(bench, prefix, Math.ceil(group.count / SHARING));
    const ends: NodeEnd[] = [];
    const start = (index: number): Promise<Started> => startOne(bench, group, { prefix, index, policyName });
    if (group.cause === 'Deadline') {
      await pool(group.count, ENDING, async (index) => {
        ends.push(await outcome(bench, group, await start(index)));
      });
      return ends;
    }
    const started: Started[] = [];
    await pool(group.count, STARTING, async (index) => {
      started.push(await start(index));
    });
    await pool(started.length, ENDING, async (index) => {
      const one = started[index];
      if (one !== undefined) ends.push(await cancel(bench, group, one));
    });
    return ends;
  } finally {
    await rig.client.delete(`${POLICIES_PATH}/${policyName}`);
  }
}

interface Started {
  name: string;
  shape: string;
  /** Its deadline, in ms since the epoch. */
  due: number;
}

async function startPods({ rig, namespace, pods }: Bench, prefix: string, count: number): Promise<void> {
  await pool(count, STARTING, async (index) => {
    const name = `${prefix}-${index}`;
    await rig.client.create(podsPath(namespace), { metadata: { name }, spec: appPod() });
    await pods.until(name, isReady, 120_000);
  });
}

async function startOne(
  { rig, namespace, sessions }: Bench,
  { cause }: Group,
  { prefix, index, policyName }: { prefix: string; index: number; policyName: string },
): Promise<Started> {
  const shapes = Object.entries(SHAPES).filter(([shape]) => cause === 'Cancelled' || shape !== SUPERVISED);
  const [shape = '', specOf] = shapes[index % shapes.length] ?? [];
  const podName = `${prefix}-${Math.floor(index / SHARING)}`;
  const name = `${prefix}-${index}`;
  const ttl = cause === 'Deadline' ? '5s' : '30m';
  // A user for each: what one of them may stop is not another's.
  const spec = { target: { podName }, ttl, policyName, ...specOf?.(podName, 2_000 + index) };
  await rig.createSession(namespace, name, spec);
  const { object } = await sessions.until(name, ({ status }) => status?.phase === 'Running', 120_000);
  return { name, shape, due: Date.parse(object.status?.runs?.at(-1)?.expiresAt ?? '') };
}

async function cancel(bench: Bench, group: Group, one: Started): Promise<NodeEnd> {
  const due = Date.now();
  const path = `${sessionsPath(bench.namespace)}/${one.name}`;
  await bench.rig.client.patch(path, { spec: { cancel: true } }, { type: 'merge' });
  return outcome(bench, group, { ...one, due });
}

async function outcome({ sessions, exits }: Bench, { stopBy, cause }: Group, one: Started): Promise<NodeEnd> {
  const over = await sessions.until(one.name, isConfirmed, PATIENCE_MS).catch(() => undefined);
  const run = over?.object.status?.runs?.at(-1);
  const exited = exits.at(run?.containerID ?? '');
  return {
    ...{ stopBy, cause, shape: one.shape, due: one.due },
    ...(exited !== undefined && { exited }),
    ...(over !== undefined && { said: performance.timeOrigin + over.at }),
    ...(run?.endedBy !== undefined && { endedBy: run.endedBy }),
  };
}

function isConfirmed({ status }: DebugSession): boolean {
  return status?.conditions?.some(({ type, status }) => type === 'StopConfirmed' && status === 'True') === true;
}

/** Watches the namespace of stop pods. */
class StopPodLives {
  readonly all: number[] = [];
  readonly #abort = new AbortController();
  readonly #watching: Promise<void>;

  constructor({ client }: Rig) {
    this.#watching = this.#watch(client).catch((error: unknown) => {
      if (!this.#abort.signal.aborted) throw error;
    });
  }

  async #watch(client: Rig['client']): Promise<void> {
    const begun = new Map<string, number>();
    const query = { timeoutSeconds: 3_600 };
    for await (const { type, object } of client.watch<RawPod>(podsPath(STOP_NAMESPACE), query, this.#abort.signal)) {
      const { uid } = object.metadata;
      if (!begun.has(uid)) begun.set(uid, performance.now());
      if (type === 'DELETED') this.all.push(performance.now() - (begun.get(uid) ?? 0));
    }
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#watching;
  }
}
