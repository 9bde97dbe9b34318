import { setTimeout as delay } from 'node:timers/promises';
import { AuditLog } from '../test/support/audit-log.ts';
import { pool } from './pool.ts';
import { ProbeProcess } from './probe-process.ts';
import { recordLife, type RecordedLife } from './recorded-life.ts';
import { empty, type Rig } from './rig.ts';
import { isOver } from './session-body.ts';
import { openStand, type Stand } from './stand.ts';
import { median, spread } from './statistics.ts';

export interface ThroughputOptions {
  runs: number;
  /** Sessions of a run, by concurrency. */
  sessions: Record<number, number>;
}

/** One run of one of the two. */
export interface Run {
  seconds: number;
  sessionsPerSecond: number;
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
  /** Of the runs in pairs: each operator's by that of the probe right after it. */
  pairs: { median: number; min: number; max: number };
}

/** Played pods that the sessions of a run are spread over. They are new in each run: an injection costs more the more containers a pod has. */
const PODS = 40;

/** Sessions per second of the operator and of a probe that makes the same writes and decides nothing, by turns. */
export async function measureThroughput(
  rig: Rig,
  options: ThroughputOptions,
  say: (line: string) => void,
): Promise<Throughput[]> {
  const ofOperator = await openStand(rig, 'operator', { ends: true });
  const ofProbe = await openStand(rig, 'probe', { ends: true });
  const operator = await rig.startOperator(ofOperator.namespace);
  const fail = Promise.race([operator.failed, ofOperator.kubelet.failed, ofProbe.kubelet.failed]);
  try {
    return await Promise.race([fail, compare(rig, { ofOperator, ofProbe }, options, say)]);
  } finally {
    await rig.stopOperator(operator);
    await Promise.all([ofOperator.stop(), ofProbe.stop()]);
  }
}

async function compare(
  rig: Rig,
  { ofOperator, ofProbe }: { ofOperator: Stand; ofProbe: Stand },
  options: ThroughputOptions,
  say: (line: string) => void,
): Promise<Throughput[]> {
  const probe = new ProbeProcess({
    kubeconfig: rig.kubeconfig,
    adminKubeconfig: rig.cluster.kubeconfig ?? '',
    namespace: ofProbe.namespace,
    life: await record(rig, ofOperator),
  });
  const results: Throughput[] = [];
  try {
    // Once each, uncounted: code is compiled, connections are made.
    const warm: Load = { prefix: 'warm', concurrency: 16, sessions: 100 };
    await runOperator(rig, ofOperator, warm);
    await runProbe(rig, ofProbe, probe, warm);
    for (const [key, sessions] of Object.entries(options.sessions)) {
      const concurrency = Number(key);
      const [ofOurs, ofFloor]: [Run[], Run[]] = [[], []];
      for (let run = 0; run < options.runs; run += 1) {
        const load: Load = { prefix: `r${concurrency}-${run}`, concurrency, sessions };
        const ours = await runOperator(rig, ofOperator, load);
        const floor = await runProbe(rig, ofProbe, probe, load);
        ofOurs.push(ours);
        ofFloor.push(floor);
        const [a, b] = [ours, floor].map(({ sessionsPerSecond }) => sessionsPerSecond.toFixed(1));
        say(`concurrency ${concurrency}, run ${run + 1}: operator ${a}/s, probe ${b}/s`);
      }
      results.push(summarize(concurrency, sessions, ofOurs, ofFloor));
    }
  } finally {
    await probe.stop();
  }
  return results;
}

function summarize(concurrency: number, sessions: number, operator: Run[], probe: Run[]): Throughput {
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
  await untilTold(rig, stand.namespace, 4);
  // The audit log is written a moment after the answer.
  await delay(500);
  return recordLife(rig.client, audit, object);
}

async function makePods(rig: Rig, stand: Stand, prefix: string): Promise<{ name: string; uid: string }[]> {
  const names = Array.from({ length: PODS }, (_, index) => `${prefix}-pod-${index}`);
  await rig.node.runPods(stand.namespace, names);
  const found = await Promise.all(names.map((name) => stand.pods.until(name, () => true)));
  return found.map(({ object }) => ({ name: object.metadata.name, uid: object.metadata.uid }));
}

/** As many people as `concurrency`, each with one session at a time. */
async function runOperator(rig: Rig, stand: Stand, load: Load): Promise<Run> {
  const pods = await makePods(rig, stand, load.prefix);
  const before = await countEvents(rig, stand.namespace);
  const begin = performance.now();
  await pool(load.sessions, load.concurrency, async (index) => {
    const name = `${load.prefix}-${index}`;
    const over = stand.sessions.until(name, isOver);
    await rig.createSession(stand.namespace, name, { target: { podName: pods[index % pods.length]?.name ?? '' } });
    await over;
  });
  const seconds = (performance.now() - begin) / 1_000;
  const eventsInTime = (await countEvents(rig, stand.namespace)) - before;
  // Neither the rest of its events nor its old sessions are to burden the next run.
  await untilTold(rig, stand.namespace, before + 4 * load.sessions);
  await empty(rig.client, stand.namespace);
  return { seconds, sessionsPerSecond: load.sessions / seconds, eventsInTime };
}

async function runProbe(rig: Rig, stand: Stand, probe: ProbeProcess, load: Load): Promise<Run> {
  const pods = await makePods(rig, stand, load.prefix);
  const { seconds, eventsInTime } = await probe.run({ ...load, pods });
  await empty(rig.client, stand.namespace);
  return { seconds, sessionsPerSecond: load.sessions / seconds, eventsInTime };
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
