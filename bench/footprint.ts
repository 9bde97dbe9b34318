import type { Operator } from './operator.ts';
import { pool } from './pool.ts';
import { cpuPercent, settledMegabytes } from './process-figures.ts';
import type { Rig } from './rig.ts';
import { openStand, type Stand } from './stand.ts';

export interface FootprintOptions {
  /** Pods in the operator's namespaces that nobody debugs. */
  pods: number;
  liveSessions: number;
  cpuSeconds: number;
  settleMs: number;
}

/** Memory in MB (10^6 bytes) resident, CPU in percent of a core. */
export interface Footprint {
  options: FootprintOptions;
  empty: number;
  idleCpu: number;
  /** With `pods` that nobody debugs. */
  withPods: number;
  /** With `liveSessions` in another namespace as well, over 100 pods. */
  withSessions: number;
  idleCpuWithSessions: number;
  /** The same with so many debugged pods among the `pods` that all of their namespace are watched. */
  withWatchedNamespace: number;
}

const DEBUGGED_PODS = 100;
/** From 21 debugged pods on, a namespace has one watch for all of its pods. */
const WIDE = 25;

/** One operator, from empty to many pods and many sessions that live and do nothing. */
export async function measureFootprint(
  rig: Rig,
  options: FootprintOptions,
  say: (line: string) => void,
): Promise<Footprint> {
  const crowd = await openStand(rig, 'crowd', { ends: false });
  const live = await openStand(rig, 'live', { ends: false });
  const operator = await rig.startOperator(crowd.namespace, live.namespace);
  const fail = Promise.race([operator.failed, crowd.kubelet.failed, live.kubelet.failed]);
  try {
    return await Promise.race([fail, grow(rig, { operator, crowd, live }, options, say)]);
  } finally {
    await rig.stopOperator(operator);
    await Promise.all([crowd.stop(), live.stop()]);
  }
}

async function grow(
  rig: Rig,
  { operator, crowd, live }: { operator: Operator; crowd: Stand; live: Stand },
  options: FootprintOptions,
  say: (line: string) => void,
): Promise<Footprint> {
  const { pid } = operator;
  const { settleMs, cpuSeconds } = options;
  const empty = await settledMegabytes(pid, settleMs);
  const idleCpu = await cpuPercent(pid, cpuSeconds);
  say(`empty: ${empty.toFixed(0)} MB, ${idleCpu.toFixed(2)} % of a core`);
  await rig.node.runPods(crowd.namespace, namesOf('crowd', options.pods), { large: true });
  const withPods = await settledMegabytes(pid, settleMs);
  say(`with ${options.pods} pods that nobody debugs: ${withPods.toFixed(0)} MB`);
  await debug(rig, live, namesOf('pod', DEBUGGED_PODS), options.liveSessions);
  const withSessions = await settledMegabytes(pid, settleMs);
  const idleCpuWithSessions = await cpuPercent(pid, cpuSeconds);
  say(`with ${options.liveSessions} live sessions: ${withSessions.toFixed(0)} MB, ${idleCpuWithSessions.toFixed(2)} %`);
  await debug(rig, crowd, namesOf('wide', WIDE), WIDE);
  const withWatchedNamespace = await settledMegabytes(pid, settleMs);
  say(`with the namespace of the ${options.pods} pods watched: ${withWatchedNamespace.toFixed(0)} MB`);
  return { options, empty, idleCpu, withPods, withSessions, idleCpuWithSessions, withWatchedNamespace };
}

/** So many sessions that run and go on running. */
async function debug(rig: Rig, stand: Stand, pods: readonly string[], sessions: number): Promise<void> {
  await rig.node.runPods(stand.namespace, pods);
  await pool(sessions, 16, async (index) => {
    const name = `live-${index}`;
    const running = stand.sessions.until(name, ({ status }) => status?.phase === 'Running', 120_000);
    const target = { podName: pods[index % pods.length] ?? '' };
    await rig.createSession(stand.namespace, name, { target, ttl: '2h' });
    await running;
  });
}

function namesOf(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}
