import type { Burst } from '../parts/burst.ts';
import { endingFigures } from './ending-figures.ts';
import type { Ending } from '../parts/ending.ts';
import type { ExecTimes } from '../parts/exec.ts';
import type { NodeStop } from '../parts/node-stop.ts';
import { nodeStopFigures } from './node-stop-figures.ts';
import type { PluginTimes } from '../parts/plugin.ts';
import { pluginFigures } from './plugin-figures.ts';
import { footprintFigures } from './footprint-figures.ts';
import type { Footprint } from '../parts/footprint.ts';
import type { Latency } from '../parts/latency.ts';
import type { RealKubelet } from '../parts/real-kubelet.ts';
import type { ScaleStep } from '../parts/scale.ts';
import { median, percentile } from './statistics.ts';
import type { Throughput } from '../parts/throughput.ts';
import { number, range } from './words.ts';

/** What was measured; what is missing was not. */
export interface Results {
  latency?: Latency;
  throughput: Throughput[];
  burst?: Burst;
  realKubelet?: Partial<RealKubelet>;
  ending?: Ending;
  nodeStop?: NodeStop;
  plugin?: PluginTimes;
  exec?: ExecTimes;
  scale: ScaleStep[];
  footprint?: Partial<Footprint>;
  failures: { part: string; why: string }[];
  /** How long each part took. */
  seconds: Record<string, number>;
}

/** One row of the table. */
export interface Figure {
  what: string;
  measured: string;
  goal: string;
  /** Absent where there is no goal: a number to compare with. */
  met?: boolean;
}

/** Sessions per second, operator by probe, by concurrency. */
const RATIO_GOALS: Record<number, number> = { 8: 0.85, 32: 0.85 };

/** The table: what was measured, beside what it should be. */
export function figuresOf(results: Results): Figure[] {
  const { throughput, latency, burst, realKubelet, ending, nodeStop, plugin, exec, scale, footprint, failures } =
    results;
  return [
    ...throughput.flatMap(throughputFigures),
    ...(latency === undefined ? [] : [...latencyFigures(latency), ...requestFigures(latency)]),
    ...(burst === undefined ? [] : burstFigures(burst)),
    ...startFigures(realKubelet ?? {}),
    ...endFigures(realKubelet ?? {}),
    ...(ending === undefined ? [] : endingFigures(ending)),
    ...(nodeStop === undefined ? [] : nodeStopFigures(nodeStop)),
    ...(plugin === undefined ? [] : pluginFigures(plugin)),
    ...(exec === undefined ? [] : execFigures(exec)),
    ...(footprint?.options === undefined ? [] : footprintFigures({ ...footprint, options: footprint.options })),
    ...scaleFigures(scale),
    ...failures.map(({ part, why }) => ({ what: part, measured: `not measured: ${cell(why)}`, goal: '', met: false })),
  ];
}

/** Fits into a cell of a table. */
function cell(words: string): string {
  return words.replaceAll(/[\s|]+/g, ' ').slice(0, 200);
}

function throughputFigures({ concurrency, sessions, operator, probe, ratio, pairs }: Throughput): Figure[] {
  const goal = RATIO_GOALS[concurrency] ?? Number.NaN;
  const rate = (runs: Throughput['probe']): string => range(runs.map(({ sessionsPerSecond }) => sessionsPerSecond));
  const what = `sessions per second, ${concurrency} at once`;
  const runs = `${operator.length} runs of ${sessions} each, by turns`;
  const [apiServer, apiServerOfProbe] = [operator, probe].map((one) =>
    median(one.map(({ apiServerMs }) => apiServerMs)),
  ) as [number, number];
  return [
    {
      what: `${what}: operator / probe, ratio of the medians (of pairs: median, range)`,
      measured: `${ratio.toFixed(2)} (${pairs.median.toFixed(2)}, ${pairs.min.toFixed(2)} to ${pairs.max.toFixed(2)})`,
      goal: `>= ${goal}`,
      met: ratio >= goal,
    },
    { what: `${what}: operator, median (range) of ${runs}`, measured: rate(operator), goal: '' },
    { what: `${what}: probe, median (range) of ${runs}`, measured: rate(probe), goal: '' },
    {
      what: `${what}: CPU time of a session, median: operator, probe`,
      measured: [operator, probe]
        .map((one) => `${number(median(one.map(({ cpuMsPerSession }) => cpuMsPerSession)))} ms`)
        .join(', '),
      goal: '',
    },
    {
      what: `${what}: API server's CPU for a session, by that for the same writes of the probe (${number(apiServer)} ms, ${number(apiServerOfProbe)} ms)`,
      measured: `${(apiServer / apiServerOfProbe).toFixed(2)}x`,
      goal: '<= 1.2x',
      met: apiServer / apiServerOfProbe <= 1.2,
    },
  ];
}

function latencyFigures({ createToSpec, patchToSpec, patchToAnswer, floorToSpec, kubectlDebug }: Latency): Figure[] {
  const ratio = percentile(createToSpec, 0.5) / median(kubectlDebug);
  const [p50, p99] = [0.5, 0.99].map((part) => percentile(createToSpec, part) / percentile(floorToSpec, part)) as [
    number,
    number,
  ];
  const both = (samples: number[]): string =>
    `${number(percentile(samples, 0.5))} ms, ${number(percentile(samples, 0.99))} ms`;
  return [
    {
      what: `create -> container in the pod's spec, one at a time: p50, p99 of ${createToSpec.length}`,
      measured: both(createToSpec),
      goal: '',
    },
    {
      what: `the same by the least of any declared resource (create of a resource without rules, then a bare PATCH: ${both(floorToSpec)}): p50, p99`,
      measured: `${p50.toFixed(2)}x, ${p99.toFixed(2)}x`,
      goal: '<= 1.5x, <= 1.5x',
      met: p50 <= 1.5 && p99 <= 1.5,
    },
    { what: 'bare PATCH -> container in the same watch: p50, p99', measured: both(patchToSpec), goal: '' },
    { what: 'bare PATCH -> its answer: p50, p99', measured: both(patchToAnswer), goal: '' },
    {
      what: `create -> spec by the wall time of \`kubectl debug\` (median of ${kubectlDebug.length}: ${number(median(kubectlDebug))} ms)`,
      measured: `${ratio.toFixed(2)}x`,
      goal: '<= 0.3x',
      met: ratio <= 0.3,
    },
  ];
}

function requestFigures({ perSession }: Latency): Figure[] {
  const { writes, gets, events, reviews, lists, watches, refused } = perSession;
  const all = writes + gets + events + reviews + lists;
  return [
    {
      what: 'requests of the operator in the life of a clean session, all of them',
      measured: number(all),
      goal: '<= 9',
      met: all <= 9,
    },
    {
      what: `writes, GETs, events of a clean session (audit log, mean of ${perSession.sessions})`,
      measured: [writes, gets, events].map(number).join(', '),
      goal: '<= 6, <= 1, <= 4',
      met: writes <= 6 && gets <= 1 && events <= 4,
    },
    {
      what: 'access reviews, lists, watches, refused requests of a clean session (audit log)',
      measured: [reviews, lists, watches, refused].map(number).join(', '),
      goal: '',
    },
  ];
}

function burstFigures({ sessions, perSecond, floorPerSecond, apiServerMs, floorApiServerMs }: Burst): Figure[] {
  const ratio = median(apiServerMs) / median(floorApiServerMs);
  return [
    {
      what: `burst of ${sessions}, each on a pod of its own: sessions with their container in the spec, a second, median of ${perSecond.length}`,
      measured: range(perSecond),
      goal: '',
    },
    {
      what: 'the same by the least of any declared resource',
      measured: range(floorPerSecond),
      goal: '',
    },
    {
      what: `API server's CPU for a session of that burst, by that of the least of any declared resource (${number(median(apiServerMs))} ms, ${number(median(floorApiServerMs))} ms)`,
      measured: `${ratio.toFixed(2)}x`,
      goal: '<= 1.2x',
      met: ratio <= 1.2,
    },
  ];
}

/** How much dearer the guard may make an exec, in ms. */
const EXEC_MS = 2;

function execFigures({ stored, beside, unguarded }: ExecTimes): Figure[] {
  const [guarded, plain] = [median(beside), median(unguarded)];
  return [
    {
      what: `exec beside ${stored} finished sessions, beyond one where no guard looks, p50 of ${beside.length} each, until admission is through (${number(guarded)} ms, ${number(plain)} ms)`,
      measured: `${number(guarded - plain)} ms`,
      goal: `<= ${EXEC_MS} ms`,
      met: guarded - plain <= EXEC_MS,
    },
  ];
}

/** Caught up with within so many ms. */
const CONVERGED_MS = 6_000;

function scaleFigures(steps: readonly ScaleStep[]): Figure[] {
  const largest = steps.filter(({ converged }) => converged <= CONVERGED_MS).at(-1);
  if (steps.length === 0) return [];
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
  return [
    {
      what: 'stored and live sessions with which an operator that was started anew has caught up within 6 s',
      measured: `${largest?.stored ?? 0} stored, ${largest?.live ?? 0} live`,
      goal: '>= 20000, >= 2000',
      met: (largest?.stored ?? 0) >= 20_000 && (largest?.live ?? 0) >= 2_000,
    },
    ...steps.map((step) => ({
      what: `${step.stored} stored, ${step.live} live: ready; a new session injected; ${step.endedMeanwhile} ends of meanwhile recorded; all looked at`,
      measured: [step.ready, step.newInSpec, step.endsRecorded, step.allReconciled].map(seconds).join('; '),
      goal: '',
    })),
    ...steps
      .filter(({ storedTouched }) => storedTouched > 0)
      .map(({ stored, storedTouched }) => ({
        what: `of ${stored} stored sessions, written to without need`,
        measured: String(storedTouched),
        goal: '0',
        met: false,
      })),
  ];
}

function startFigures({ createToRunning, patchToRunning }: Partial<RealKubelet>): Figure[] {
  if (createToRunning === undefined || patchToRunning === undefined) return [];
  const [session, patch] = [median(createToRunning), median(patchToRunning)];
  return [
    {
      what: `create -> Running on the real kubelet, p50 of ${createToRunning.length}, by that of a bare PATCH (${number(session)} ms, ${number(patch)} ms)`,
      measured: `${(session / patch).toFixed(2)}x`,
      goal: '<= 1.15x',
      met: session / patch <= 1.15,
    },
  ];
}

/** finishedAt is cut to whole seconds: the container ended within the second after it. */
const CUT_MS = 1_000;

function endFigures({ deadlineToFinished, deadlineToSeen }: Partial<RealKubelet>): Figure[] {
  if (deadlineToFinished === undefined || deadlineToSeen === undefined) return [];
  const [p50, p99] = [0.5, 0.99].map((part) => percentile(deadlineToFinished, part) + CUT_MS) as [number, number];
  const seen = [0.5, 0.99].map((part) => `${number(percentile(deadlineToSeen, part))} ms`);
  return [
    {
      what: `end minus deadline on the real kubelet, p50, p99 of ${deadlineToFinished.length}: at most (its finishedAt has whole seconds, so one is added)`,
      measured: `${p50 / 1_000} s, ${p99 / 1_000} s`,
      goal: '<= 1 s, <= 5 s',
      met: p50 <= 1_000 && p99 <= 5_000,
    },
    {
      what: "... until a watch shows the end in the pod's status, which the kubelet writes up to a second and more later",
      measured: seen.join(', '),
      goal: '',
    },
  ];
}
