import { setTimeout as delay } from 'node:timers/promises';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { AuditLog } from '../../test/support/cluster/audit-log.ts';
import { apiServerCpuSeconds } from '../rig/api-server-cpu.ts';
import type { Operator } from '../rig/operator.ts';
import { pool } from '../rig/pool.ts';
import { ProbeProcess } from '../rig/probe-process.ts';
import { cpuSeconds } from '../rig/process-figures.ts';
import { recordLife, type RecordedLife } from './recorded-life.ts';
import { empty, type Rig } from '../rig/rig.ts';
import { isOver } from '../rig/session-body.ts';
import { numbered, openStand, type Stand } from '../rig/stand.ts';
import { median, spread } from '../report/statistics.ts';

export interface ThroughputOptions {
  runs: number;
  /** Sessions of a run, by concurrency. */
  sessions: Record<number, number>;
}

/** One run of one of the two. */
export interface Run {
  seconds: number;
  sessionsPerSecond: number;
  /** CPU time that operator or probe used for one session. */
  cpuMsPerSession: number;
  /** CPU time of the API server for one session, its events included. */
  apiServerMs: number;
  /** Events that were written when the last session was over; nobody waits for the others. */
  eventsInTime: number;
}

export interface Throughput {
  concurrency: number;
  sessions: number;
  operator: Run[];
  probe: Run[];
  /** Of the medians, operator by probe. */
  ratio: number;
  /** Of the runs in pairs: each operator's by that of the probe right before or after it. */
  pairs: { median: number; min: number; max: number };
}

/**
 * Played pods that the sessions of a run are spread over. They are new in each run: an injection costs more the more
 * containers a pod has.
 */
const PODS = 40;

/** One of the two that are compared. */
interface Contender {
  stand: Stand;
  pid: number;
  /** How it comes to know of a session that was made; the operator has its watch. */
  tell: (session: DebugSession, pod: { name: string; uid: string }) => void;
}

/**
 * Sessions per second of the operator and of a probe that makes the same writes and decides nothing, by turns. All else
 * is the same for both, and done by this process: it makes the session, plays the kubelet, and sees by a watch that the
 * session is over.
 */
export async function measureThroughput(
  rig: Rig,
  options: ThroughputOptions,
  say: (line: string) => void,
  done: (result: Throughput) => void,
): Promise<void> {
  const ofOperator = await openStand(rig, 'operator', { ends: true });
  const ofProbe = await openStand(rig, 'probe', { ends: true });
  const operator = await rig.startOperator(ofOperator.namespace);
  const fail = Promise.race([operator.failed, ofOperator.kubelet.failed, ofProbe.kubelet.failed]);
  try {
    await Promise.race([fail, compare(rig, { operator, ofOperator, ofProbe }, options, { say, done })]);
  } finally {
    await rig.stopOperator(operator);
    await Promise.all([ofOperator.stop(), ofProbe.stop()]);
  }
}

async function compare(
  rig: Rig,
  { operator, ofOperator, ofProbe }: { operator: Operator; ofOperator: Stand; ofProbe: Stand },
  options: ThroughputOptions,
  { say, done }: { say: (line: string) => void; done: (result: Throughput) => void },
): Promise<void> {
  const { kubeconfig } = rig;
  const life = await record(rig, ofOperator);
  const probe = new ProbeProcess({ kubeconfig, namespace: ofProbe.namespace, life });
  const ours: Contender = { stand: ofOperator, pid: operator.pid, tell: () => undefined };
  const floor: Contender = {
    stand: ofProbe,
    pid: probe.pid,
    tell: (session, pod) => probe.serve({ session, pod }),
  };
  const both = async (load: Load, floorFirst: boolean): Promise<{ ours: Run; floor: Run }> => {
    const early = floorFirst ? await runOnce(rig, floor, load) : undefined;
    const result = await runOnce(rig, ours, load);
    return { ours: result, floor: early ?? (await runOnce(rig, floor, load)) };
  };
  const runs = async (): Promise<void> => {
    // Once each, uncounted: code is compiled, connections are made.
    await both({ prefix: 'warm', concurrency: 16, sessions: 100 }, false);
    for (const [key, sessions] of Object.entries(options.sessions)) {
      const concurrency = Number(key);
      const [ofOurs, ofFloor]: [Run[], Run[]] = [[], []];
      for (let run = 0; run < options.runs; run += 1) {
        const load: Load = { prefix: `r${concurrency}-${run}`, concurrency, sessions };
        // Whoever comes second may find a warmer or a wearier server: each does so in every other run.
        const pair = await both(load, run % 2 === 1);
        ofOurs.push(pair.ours);
        ofFloor.push(pair.floor);
        const [a, b] = [pair.ours, pair.floor].map(({ sessionsPerSecond }) => sessionsPerSecond.toFixed(1));
        say(`concurrency ${concurrency}, run ${run + 1}: operator ${a}/s, probe ${b}/s`);
      }
      done(summarize(concurrency, sessions, ofOurs, ofFloor));
    }
  };
  try {
    await Promise.race([probe.failed, runs()]);
  } finally {
    await probe.stop();
  }
}

/** @internal */
export function summarize(concurrency: number, sessions: number, operator: Run[], probe: Run[]): Throughput {
  const rates = (runs: Run[]): number[] => runs.map((run) => run.sessionsPerSecond);
  const pairs = rates(operator).map((rate, index) => rate / (rates(probe)[index] ?? Number.NaN));
  return {
    concurrency,
    sessions,
    operator,
    probe,
    ratio: median(rates(operator)) / median(rates(probe)),
    pairs: { median: median(pairs), ...spread(pairs) },
  };
}

interface Load {
  prefix: string;
  concurrency: number;
  sessions: number;
}

/** One life of a session, written down for the probe. */
async function record(rig: Rig, stand: Stand): Promise<RecordedLife> {
  const [pod, name] = ['recorded-pod', 'recorded-session'];
  const audit = await AuditLog.from(rig.clusterNode.auditLog);
  await rig.node.runPods(stand.namespace, [pod]);
  await rig.createSession(stand.namespace, name, { target: { podName: pod } });
  const { object } = await stand.sessions.until(name, isOver);
  await untilTold(rig, stand.namespace, 3);
  // The audit log is written a moment after the answer.
  await delay(500);
  return recordLife(rig.client, audit, object);
}

/** As many people as `concurrency`, each with one session at a time. */
async function runOnce(rig: Rig, { stand, pid, tell }: Contender, load: Load): Promise<Run> {
  const names = numbered(`${load.prefix}-pod`, PODS);
  await rig.node.runPods(stand.namespace, names);
  const pods = (await Promise.all(names.map((name) => stand.pods.until(name, () => true)))).map(({ object }) => ({
    name: object.metadata.name,
    uid: object.metadata.uid,
  }));
  const before = await countEvents(rig, stand.namespace);
  const apiServerBegin = await apiServerCpuSeconds(rig.cluster);
  const [begin, cpuBegin] = [performance.now(), cpuSeconds(pid)];
  await pool(load.sessions, load.concurrency, async (index) => {
    const name = `${load.prefix}-${index}`;
    const pod = pods[index % pods.length] ?? { name: '', uid: '' };
    const over = stand.sessions.until(name, isOver);
    tell(await rig.createSession(stand.namespace, name, { target: { podName: pod.name } }), pod);
    await over;
  });
  const seconds = (performance.now() - begin) / 1_000;
  const cpuMsPerSession = ((cpuSeconds(pid) - cpuBegin) * 1_000) / load.sessions;
  const eventsInTime = (await countEvents(rig, stand.namespace)) - before;
  // Neither the rest of its events nor its old sessions are to burden the next run.
  await untilTold(rig, stand.namespace, before + 3 * load.sessions);
  const apiServerMs = (((await apiServerCpuSeconds(rig.cluster)) - apiServerBegin) * 1_000) / load.sessions;
  await empty(rig.client, stand.namespace);
  return { seconds, sessionsPerSecond: load.sessions / seconds, cpuMsPerSession, apiServerMs, eventsInTime };
}

export async function countEvents(rig: Rig, namespace: string): Promise<number> {
  const path = `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;
  const page = await rig.client.list<{ items: unknown[]; metadata: { remainingItemCount?: number } }>(path, {
    limit: 1,
  });
  return page.items.length + (page.metadata.remainingItemCount ?? 0);
}

/** Waits until so many events are there, or no more come for 3 s. */
async function untilTold(rig: Rig, namespace: string, wanted: number): Promise<void> {
  let [known, since] = [-1, performance.now()];
  while (known < wanted && performance.now() - since < 3_000) {
    const now = await countEvents(rig, namespace);
    if (now !== known) [known, since] = [now, performance.now()];
    if (known < wanted) await delay(100);
  }
}
