import { setTimeout as delay } from 'node:timers/promises';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { podsPath, sessionsPath } from '../../src/reconcile/session-api.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { busyboxImage } from '../../test/cluster/image-names.ts';
import { appPod, isReady } from '../../test/support/builders/pods.ts';
import { Followed } from '../rig/followed.ts';
import { pool } from '../rig/pool.ts';
import type { Rig } from '../rig/rig.ts';
import { numbered } from '../rig/stand.ts';

export interface RealKubeletOptions {
  /** Rounds of one session and one bare PATCH. */
  starts: number;
  /** Sessions that run into their deadline. */
  ends: number;
}

/** All in ms, one value for each sample. */
export interface RealKubelet {
  /** From sending the session until the pod's status shows its container running. */
  createToRunning: number[];
  /** The same from sending a bare PATCH. */
  patchToRunning: number[];
  /** From the session's deadline until the pod's status shows its container terminated. */
  deadlineToSeen: number[];
  /** The kubelet's own finishedAt minus the deadline; it has whole seconds only. */
  deadlineToFinished: number[];
}

const PODS = 10;
/**
 * Sessions whose end is awaited at the same time: what is measured is the end, not how many a machine can start at
 * once.
 */
const ENDING = 10;
const TTL = '5s';

/** Containers that really start and really end. @param found is filled as the figures come */
export async function measureRealKubelet(
  rig: Rig,
  options: RealKubeletOptions,
  found: Partial<RealKubelet>,
): Promise<void> {
  const namespace = await rig.namespace('real');
  const pods = await Followed.start<RawPod>(rig.client, podsPath(namespace));
  const sessions = await Followed.start<DebugSession>(rig.client, sessionsPath(namespace));
  const operator = await rig.startOperator();
  const names = numbered('pod', PODS);
  const bench: Bench = { rig, namespace, pods, sessions, names };
  const measure = async (): Promise<void> => {
    await pool(PODS, PODS, async (index) => {
      const name = names[index] ?? '';
      await rig.client.create(podsPath(namespace), { metadata: { name }, spec: appPod() });
      await pods.until(name, isReady, 120_000);
    });
    Object.assign(found, await starts(bench, options.starts));
    Object.assign(found, await ends(bench, options.ends));
  };
  try {
    await Promise.race([operator.failed, measure()]);
  } finally {
    await rig.stopOperator(operator);
    await Promise.all([pods.stop(), sessions.stop()]);
  }
}

interface Bench {
  rig: Rig;
  namespace: string;
  pods: Followed<RawPod>;
  sessions: Followed<DebugSession>;
  names: readonly string[];
}

/**
 * By turns, one at a time, and never a pod again before all others had theirs: for about a second after a container has
 * ended, the kubelet looks at a change of that pod only when it looks at all of them.
 */
async function starts(bench: Bench, rounds: number): Promise<Pick<RealKubelet, 'createToRunning' | 'patchToRunning'>> {
  const { rig, namespace, pods, names } = bench;
  const [createToRunning, patchToRunning]: [number[], number[]] = [[], []];
  const command = ['sleep', '1'];
  for (let round = 0; round < rounds; round += 1) {
    const pod = names[(2 * round) % names.length] ?? '';
    const other = names[(2 * round + 1) % names.length] ?? '';
    const path = `${podsPath(namespace)}/${other}/ephemeralcontainers`;
    const container = { name: `raw-${round}`, image: busyboxImage, imagePullPolicy: 'IfNotPresent', command };
    const ofSession = async (): Promise<void> => {
      const body = { target: { podName: pod }, command };
      createToRunning.push(await started(pods, pod, () => rig.createSession(namespace, `start-${round}`, body)));
    };
    const ofPatch = async (): Promise<void> => {
      const body = { spec: { ephemeralContainers: [container] } };
      patchToRunning.push(await started(pods, other, () => rig.client.patch(path, body, { type: 'strategic' })));
    };
    for (const turn of round % 2 === 0 ? [ofSession, ofPatch] : [ofPatch, ofSession]) await turn();
  }
  return { createToRunning, patchToRunning };
}

/** Ms from the request until one more container of the pod has started; returns when it has ended. */
async function started(pods: Followed<RawPod>, pod: string, request: () => Promise<unknown>): Promise<number> {
  const known = count(pods.list().find(({ metadata }) => metadata.name === pod));
  const running = pods.until(pod, (seen) => count(seen).started > known.started);
  const ended = pods.until(pod, (seen) => count(seen).ended > known.ended);
  const begin = performance.now();
  await request();
  const { at } = await running;
  await ended;
  return at - begin;
}

function count(pod: RawPod | undefined): { started: number; ended: number } {
  const states = (pod?.status?.ephemeralContainerStatuses ?? []).map(({ state }) => state);
  const ended = states.filter((state) => state?.terminated !== undefined).length;
  return { started: ended + states.filter((state) => state?.running !== undefined).length, ended };
}

async function ends(
  bench: Bench,
  sessions: number,
): Promise<Pick<RealKubelet, 'deadlineToSeen' | 'deadlineToFinished'>> {
  const [deadlineToSeen, deadlineToFinished]: [number[], number[]] = [[], []];
  await pool(sessions, ENDING, async (index) => {
    const pod = bench.names[index % bench.names.length] ?? '';
    const name = `end-${index}`;
    const over = bench.sessions.until(name, ({ status }) => status?.completedAt !== undefined);
    await bench.rig.createSession(bench.namespace, name, { target: { podName: pod }, ttl: TTL });
    const { object } = await bench.sessions.until(name, ({ status }) => status?.expiresAt !== undefined);
    const deadline = Date.parse(object.status?.expiresAt ?? '');
    const container = object.status?.debugContainerName;
    await bench.pods.until(pod, (seen) => isTerminated(seen, container));
    deadlineToSeen.push(Date.now() - deadline);
    const [run] = (await over).object.status?.runs ?? [];
    deadlineToFinished.push(Date.parse(run?.finishedAt ?? '') - deadline);
    // Not all at the same moment.
    await delay(100 * (index % ENDING));
  });
  return { deadlineToSeen, deadlineToFinished };
}

function isTerminated(pod: RawPod, container: string | undefined): boolean {
  const status = pod.status?.ephemeralContainerStatuses?.find(({ name }) => name === container);
  return status?.state?.terminated !== undefined;
}
