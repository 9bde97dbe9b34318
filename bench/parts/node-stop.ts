import { setTimeout as delay } from 'node:timers/promises';
import type { StopBy } from '../../src/api/debugpolicy.ts';
import type { DebugSession, DebugSessionSpec, EndedBy } from '../../src/api/debugsession.ts';
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
}

/** One session that nothing inside ends. Times in ms since the epoch. */
export interface NodeEnd {
  stopBy: StopBy;
  shape: string;
  /** When its cancel was sent. */
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

const [STARTING, CANCELLING, SHARING] = [6, 4, 5];
/** Heeds no signal, and stops whatever it may. */
const HOSTILE = ['sh', '-c', 'trap "" HUP INT TERM USR1 USR2; while :; do kill -STOP -1; sleep .1; done'];

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
  'an exec that is stopped': (_podName, runAsUser) => ({
    ...{ image: bashImage, command: HOSTILE, profile: 'restricted', securityContext: { runAsUser } },
  }),
};

/** Sessions that nothing inside ends, cancelled with the component node-stop. */
export async function measureNodeStop(rig: Rig, { first, last }: NodeStopOptions): Promise<NodeStop> {
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
    const ends = [...(await cancelAll(bench, 'NodeFirst', first)), ...(await cancelAll(bench, 'InsideFirst', last))];
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

async function cancelAll(bench: Bench, stopBy: StopBy, count: number): Promise<NodeEnd[]> {
  const { rig, namespace } = bench;
  const policyName = `${namespace}-${stopBy.toLowerCase()}`;
  const policy = { apiVersion: 'debugsession.dev/v1alpha1', kind: 'DebugPolicy', metadata: { name: policyName } };
  await rig.client.create(POLICIES_PATH, { ...policy, spec: { ...OPEN_POLICY, stopBy } });
  try {
    const started = await startAll(bench, stopBy, { count, policyName });
    const ends: NodeEnd[] = [];
    await pool(started.length, CANCELLING, async (index) => {
      const one = started[index];
      if (one !== undefined) ends.push(await cancel(bench, stopBy, one));
    });
    return ends;
  } finally {
    await rig.client.delete(`${POLICIES_PATH}/${policyName}`);
  }
}

interface Started {
  name: string;
  shape: string;
}

async function startAll(
  { rig, namespace, pods, sessions }: Bench,
  stopBy: StopBy,
  { count, policyName }: { count: number; policyName: string },
): Promise<Started[]> {
  const prefix = stopBy.toLowerCase();
  const podOf = (index: number): string => `${prefix}-${Math.floor(index / SHARING)}`;
  await pool(Math.ceil(count / SHARING), STARTING, async (index) => {
    const name = `${prefix}-${index}`;
    await rig.client.create(podsPath(namespace), { metadata: { name }, spec: appPod() });
    await pods.until(name, isReady, 120_000);
  });
  const shapes = Object.entries(SHAPES);
  const started: Started[] = [];
  await pool(count, STARTING, async (index) => {
    const [shape = '', specOf] = shapes[index % shapes.length] ?? [];
    const podName = podOf(index);
    const name = `${prefix}-${index}`;
    // A user for each: what one of them may stop is not another's.
    const spec = { target: { podName }, ttl: '30m', policyName, ...specOf?.(podName, 2_000 + index) };
    await rig.createSession(namespace, name, spec);
    await sessions.until(name, ({ status }) => status?.phase === 'Running', 120_000);
    started.push({ name, shape });
  });
  return started;
}

async function cancel({ rig, namespace, sessions, exits }: Bench, stopBy: StopBy, one: Started): Promise<NodeEnd> {
  const due = Date.now();
  await rig.client.patch(`${sessionsPath(namespace)}/${one.name}`, { spec: { cancel: true } }, { type: 'merge' });
  const over = await sessions.until(one.name, isConfirmed, PATIENCE_MS).catch(() => undefined);
  const run = over?.object.status?.runs?.at(-1);
  const exited = exits.at(run?.containerID ?? '');
  return {
    ...{ stopBy, shape: one.shape, due },
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
