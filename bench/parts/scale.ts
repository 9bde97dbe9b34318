import { setTimeout as delay } from 'node:timers/promises';
import { debug, isRunning } from '../rig/live-sessions.ts';
import type { Operator } from '../rig/operator.ts';
import type { Rig } from '../rig/rig.ts';
import { isOver } from '../rig/session-body.ts';
import { inSpecSince, numbered, openStand, type Stand } from '../rig/stand.ts';
import { LOOK_MS, untilReconciled } from '../rig/start.ts';
import { isStored, oneOver, store } from '../rig/stored-sessions.ts';

export interface ScaleOptions {
  steps: { stored: number; live: number }[];
}

/** How long after its start an operator has caught up with so many sessions; ms. */
export interface ScaleStep {
  stored: number;
  live: number;
  /** Sessions whose container ended while no operator ran. */
  endedMeanwhile: number;
  /** It says that it is ready: all sessions are listed. */
  ready: number;
  /** A session that was made while no operator ran has its container in the pod's spec. */
  newInSpec: number;
  /** Those that ended meanwhile are recorded as over. */
  endsRecorded: number;
  /** Every session has been looked at, and none waits. */
  allReconciled: number;
  /** The last of these. */
  converged: number;
  /** Stored sessions that the operator wrote to: nothing had changed about them. */
  storedTouched: number;
}

const PODS = 200;
/** Where it takes longer, more is not tried. */
const LIMIT_MS = 10_000;

/** Grows step by step; at each the operator is started anew, after some of the sessions have ended in its absence. */
export async function measureScale(
  rig: Rig,
  options: ScaleOptions,
  say: (line: string) => void,
  done: (step: ScaleStep) => void,
): Promise<void> {
  const stand = await openStand(rig, 'many', { ends: false });
  try {
    await Promise.race([stand.kubelet.failed, grow(rig, stand, options, { say, done })]);
  } finally {
    await rig.stopOperators();
    await stand.stop();
  }
}

async function grow(
  rig: Rig,
  stand: Stand,
  { steps }: ScaleOptions,
  { say, done }: { say: (line: string) => void; done: (step: ScaleStep) => void },
): Promise<void> {
  const pods = numbered('pod', PODS);
  await rig.node.runPods(stand.namespace, pods);
  let operator = await rig.startOperator();
  const record = await oneOver(rig, stand, pods);
  let [stored, made] = [0, 0];
  for (const step of steps) {
    const running = stand.sessions.list().filter(isRunning).length;
    const ending = Math.ceil(step.live / 20);
    const more = step.live + ending - running;
    await Promise.race([operator.failed, debug(rig, stand, { prefix: 'live', pods, sessions: more, from: made })]);
    made += more;
    await operatorAtRest(operator);
    await rig.stopOperator(operator);
    await store(rig, stand, record, { from: stored, to: step.stored });
    stored = step.stored;
    say(`${stored} sessions stored`);
    const result = await restart(rig, stand, { ...step, ending, pod: pods[0] ?? '', name: `new-${stored}` });
    operator = result.operator;
    done(result.step);
    say(
      `${step.stored} stored, ${step.live} live: caught up after ${(result.step.converged / 1_000).toFixed(1)} s ` +
        `(ready after ${(result.step.ready / 1_000).toFixed(1)} s, new one injected after ${(result.step.newInSpec / 1_000).toFixed(1)} s)`,
    );
    if (result.step.converged > LIMIT_MS) return;
  }
}

async function restart(
  rig: Rig,
  stand: Stand,
  { stored, live, ending, pod, name }: { stored: number; live: number; ending: number; pod: string; name: string },
): Promise<{ step: ScaleStep; operator: Operator }> {
  const before = storedVersions(stand);
  const ended = stand.sessions.list().filter(isRunning).slice(0, ending);
  for (const session of ended) stand.kubelet.end(session);
  await stand.kubelet.written();
  const inSpec = inSpecSince(stand, pod);
  await rig.createSession(stand.namespace, name, { target: { podName: pod }, ttl: '3h' });
  const operator = await rig.spawnOperator();
  const since = (at: number): number => at - operator.spawnedAt;
  const over = Promise.all(ended.map(({ metadata }) => stand.sessions.until(metadata.name, isOver, 120_000)));
  const all = untilReconciled(operator, stored + live);
  const listed = operator.ready(LOOK_MS).then(() => since(performance.now()));
  const found = Promise.all([listed, inSpec, over, all]);
  const [ready, seen, ends, reconciled] = await Promise.race([operator.failed, found]);
  const [newInSpec, allReconciled] = [since(seen), since(reconciled.all)];
  const endsRecorded = since(Math.max(...ends.map(({ at }) => at)));
  const after = storedVersions(stand);
  const storedTouched = [...before].filter(([key, version]) => after.get(key) !== version).length;
  const converged = Math.max(newInSpec, endsRecorded, allReconciled);
  const endedMeanwhile = ended.length;
  return {
    operator,
    step: { stored, live, endedMeanwhile, ready, newInSpec, endsRecorded, allReconciled, converged, storedTouched },
  };
}

function storedVersions(stand: Stand): Map<string, string | undefined> {
  const stored = stand.sessions.list().filter(isStored);
  return new Map(stored.map(({ metadata }) => [metadata.name, metadata.resourceVersion]));
}

/** Waits until nothing waits for the operator any more, for a second. */
async function operatorAtRest(operator: Operator): Promise<void> {
  for (let quiet = 0, known = -1; quiet < 5;) {
    const [depth, count] = [await operator.metric('workqueue_depth'), await operator.metric('workqueue_adds_total')];
    quiet = depth === 0 && count === known ? quiet + 1 : 0;
    known = count;
    await delay(200);
  }
}
