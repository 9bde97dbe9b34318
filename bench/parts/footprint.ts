import { setTimeout as delay } from 'node:timers/promises';
import { podsPath } from '../../src/reconcile/session-api.ts';
import { debug } from '../rig/live-sessions.ts';
import type { Operator } from '../rig/operator.ts';
import { cpuPercent, cpuSeconds, memoryOf, residentMegabytes, type Memory } from '../rig/process-figures.ts';
import type { Rig } from '../rig/rig.ts';
import { isOver } from '../rig/session-body.ts';
import { numbered, openStand, type Stand } from '../rig/stand.ts';
import { measureStart, type Start } from '../rig/start.ts';
import { pool } from '../rig/pool.ts';

export interface FootprintOptions {
  /** Pods in the cluster that nobody debugs; at the end three times as many. */
  pods: number;
  liveSessions: number;
  /** How often the operator is started anew with all of these. */
  starts: number;
  /** Idle; half as long while pods change. */
  cpuSeconds: number;
  restSeconds: number;
}

/** CPU in percent of a core while pods that concern nobody change. */
export interface Updates {
  percent: number;
  seconds: number;
  /** As many as there really were. */
  perSecond: number;
}

/** In the order in which it is measured; what is missing was not. */
export interface Footprint {
  options: FootprintOptions;
  /** As started: resident, before anything was asked of it. MB (10^6 bytes). */
  empty: number;
  idleCpu: number;
  /** After it has served sessions that came and went. */
  worked: Memory;
  withPods: Memory;
  withSessions: Memory;
  idleCpuWithSessions: number;
  updates: Updates;
  starts: Start[];
  /**
   * Of the last one started, which has served only what its start asks for: before and with three times as many pods.
   */
  restarted: Memory;
  withMorePods: Memory;
  /** With `WIDE` debugged pods among them. */
  withDebuggedCrowd: Memory;
  watchedUpdates: Updates;
}

const DEBUGGED_PODS = 100;
/** So few debugged pods of a namespace have a watch each: from 33 on, one watch is for all of its pods. */
const WIDE = 25;
const UPDATES_PER_SECOND = 100;
const WARM_SESSIONS = 200;

/**
 * One operator for all namespaces, from empty to many pods and many sessions that live and do nothing; and how it
 * starts with them.
 * @param found is filled as the figures come: a failure leaves those that were there
 */
export async function measureFootprint(
  rig: Rig,
  options: FootprintOptions,
  found: Partial<Footprint>,
  say: (line: string) => void,
): Promise<void> {
  const crowd = await openStand(rig, 'crowd', { ends: false });
  const live = await openStand(rig, 'live', { ends: false });
  found.options = options;
  const measure = async (): Promise<void> => {
    const operator = await rig.startOperator();
    await Promise.race([operator.failed, grow(rig, { operator, crowd, live }, found as Footprint, say)]);
    await rig.stopOperator(operator);
    const restarted = await startAnew(rig, live, found as Footprint, say);
    await Promise.race([
      restarted.failed,
      growMore(rig, { operator: restarted, crowd, live }, found as Footprint, say),
    ]);
  };
  try {
    await Promise.race([crowd.kubelet.failed, live.kubelet.failed, measure()]);
  } finally {
    await rig.stopOperators();
    await Promise.all([crowd.stop(), live.stop()]);
  }
}

interface Parts {
  operator: Operator;
  crowd: Stand;
  live: Stand;
}

async function grow(
  rig: Rig,
  { operator, crowd, live }: Parts,
  found: Footprint,
  say: (line: string) => void,
): Promise<void> {
  const { restSeconds, pods, liveSessions } = found.options;
  const { pid } = operator;
  await delay(restSeconds * 1_000);
  found.empty = residentMegabytes(pid);
  found.idleCpu = await cpuPercent(pid, found.options.cpuSeconds);
  say(`empty: ${found.empty.toFixed(0)} MB, ${found.idleCpu.toFixed(2)} % of a core`);
  await work(rig);
  found.worked = await memoryOf(operator, restSeconds);
  say(`after ${WARM_SESSIONS} sessions that came and went: ${told(found.worked)}`);
  await rig.node.runPods(crowd.namespace, numbered('crowd', pods), { large: true });
  found.withPods = await memoryOf(operator, restSeconds);
  say(`with ${pods} pods that nobody debugs: ${told(found.withPods)}`);
  const debugged = numbered('pod', DEBUGGED_PODS);
  await rig.node.runPods(live.namespace, debugged);
  await debug(rig, live, { prefix: 'live', pods: debugged, sessions: liveSessions });
  found.withSessions = await memoryOf(operator, restSeconds);
  found.idleCpuWithSessions = await cpuPercent(pid, found.options.cpuSeconds);
  say(`with ${liveSessions} live sessions: ${told(found.withSessions)}, ${found.idleCpuWithSessions.toFixed(2)} %`);
  found.updates = await cpuWithUpdates(rig, operator, crowd, found.options);
  say(`while pods that nobody debugs change: ${found.updates.percent.toFixed(2)} %`);
}

async function startAnew(rig: Rig, live: Stand, found: Footprint, say: (line: string) => void): Promise<Operator> {
  const { starts, liveSessions } = found.options;
  found.starts = [];
  for (let run = 1; ; run += 1) {
    const pods = [`start-${run}-a`, `start-${run}-b`] as const;
    await rig.node.runPods(live.namespace, pods);
    // Those of earlier starts live on.
    const sessions = liveSessions + 2 * (run - 1);
    const { start, operator } = await measureStart(rig, live, { prefix: `start-${run}`, pods, sessions });
    found.starts.push(start);
    const seconds = (ms: number): string => `${(ms / 1_000).toFixed(2)} s`;
    say(
      `start: ready after ${seconds(start.ready)}, first reconcile ${seconds(start.firstReconcile)}, ` +
        `all ${seconds(start.allReconciled)}; a new session in ${start.newInSpec.toFixed(0)} ms`,
    );
    if (run === starts) return operator;
    await rig.stopOperator(operator);
  }
}

async function growMore(
  rig: Rig,
  { operator, crowd }: Parts,
  found: Footprint,
  say: (line: string) => void,
): Promise<void> {
  const { restSeconds, pods } = found.options;
  found.restarted = await memoryOf(operator, restSeconds);
  await rig.node.runPods(crowd.namespace, numbered('more', 2 * pods), { large: true });
  found.withMorePods = await memoryOf(operator, restSeconds);
  say(`started anew: ${told(found.restarted)}; with ${3 * pods} pods: ${told(found.withMorePods)}`);
  const wide = numbered('wide', WIDE);
  await rig.node.runPods(crowd.namespace, wide);
  await debug(rig, crowd, { prefix: 'wide', pods: wide, sessions: WIDE });
  found.withDebuggedCrowd = await memoryOf(operator, restSeconds);
  found.watchedUpdates = await cpuWithUpdates(rig, operator, crowd, found.options);
  say(
    `with ${WIDE} of ${3 * pods} debugged: ${told(found.withDebuggedCrowd)}, ${found.watchedUpdates.percent.toFixed(2)} %`,
  );
}

/** Sessions that come and go, so that what is compared later has been loaded, compiled and connected. */
async function work(rig: Rig): Promise<void> {
  const stand = await openStand(rig, 'work', { ends: true });
  try {
    const pods = numbered('pod', 20);
    await rig.node.runPods(stand.namespace, pods);
    const serve = pool(WARM_SESSIONS, 16, async (index) => {
      const over = stand.sessions.until(`work-${index}`, isOver);
      const target = { podName: pods[index % pods.length] ?? '' };
      await rig.createSession(stand.namespace, `work-${index}`, { target });
      await over;
    });
    await Promise.race([stand.kubelet.failed, serve]);
  } finally {
    await stand.stop();
  }
  await rig.clear(stand.namespace);
}

/** Changes an annotation of one pod after the other. */
async function cpuWithUpdates(rig: Rig, { pid }: Operator, crowd: Stand, options: FootprintOptions): Promise<Updates> {
  const [before, begin] = [cpuSeconds(pid), performance.now()];
  const total = Math.ceil(options.cpuSeconds / 2) * UPDATES_PER_SECOND;
  await pool(total, 16, async (index) => {
    const due = begin + (index * 1_000) / UPDATES_PER_SECOND;
    await delay(Math.max(0, due - performance.now()));
    const path = `${podsPath(crowd.namespace)}/crowd-${index % options.pods}`;
    // A value that no earlier measurement has left there: the same again would be no change, and no event.
    const annotations = { 'debugsession.dev/bench': `${begin}-${index}` };
    await rig.client.patch(path, { metadata: { annotations } }, { type: 'merge' });
  });
  const seconds = (performance.now() - begin) / 1_000;
  return { percent: ((cpuSeconds(pid) - before) / seconds) * 100, seconds, perSecond: total / seconds };
}

function told({ atRest, collected, heap }: Memory): string {
  return `${atRest.toFixed(0)} MB (garbage collected: ${collected.toFixed(0)} MB, of which heap ${heap.toFixed(1)} MB)`;
}
