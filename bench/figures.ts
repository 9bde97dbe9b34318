import type { Footprint } from './footprint.ts';
import type { Latency } from './latency.ts';
import type { RealKubelet } from './real-kubelet.ts';
import { median, percentile } from './statistics.ts';
import type { Throughput } from './throughput.ts';

export interface Results {
  throughput: Throughput[];
  latency: Latency;
  footprint: Footprint;
  realKubelet: RealKubelet;
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
const RATIO_GOALS: Record<number, number> = { 8: 0.85, 32: 0.75 };

/** The table: what was measured, beside what it should be. */
export function figuresOf({ throughput, latency, footprint, realKubelet }: Results): Figure[] {
  return [
    ...throughput.flatMap(throughputFigures),
    ...latencyFigures(latency),
    ...requestFigures(latency),
    ...footprintFigures(footprint),
    ...kubeletFigures(realKubelet),
  ];
}

function throughputFigures({ concurrency, sessions, operator, probe, ratio, pairs }: Throughput): Figure[] {
  const goal = RATIO_GOALS[concurrency] ?? Number.NaN;
  const rate = (runs: Throughput['probe']): string => {
    const rates = runs.map(({ sessionsPerSecond }) => sessionsPerSecond);
    return `${number(median(rates))} (${number(Math.min(...rates))} to ${number(Math.max(...rates))})`;
  };
  const what = `sessions per second, ${concurrency} at once`;
  const runs = `${operator.length} runs of ${sessions} each, by turns`;
  return [
    {
      what: `${what}: operator / probe, ratio of the medians (of pairs: median, range)`,
      measured: `${ratio.toFixed(2)} (${pairs.median.toFixed(2)}, ${pairs.min.toFixed(2)} to ${pairs.max.toFixed(2)})`,
      goal: `>= ${goal}`,
      met: ratio >= goal,
    },
    { what: `${what}: operator, median (range) of ${runs}`, measured: rate(operator), goal: '' },
    { what: `${what}: probe, median (range) of ${runs}`, measured: rate(probe), goal: '' },
  ];
}

function latencyFigures({ createToSpec, patchToSpec, patchToAnswer, kubectlDebug }: Latency): Figure[] {
  const [p50, p99] = [percentile(createToSpec, 0.5), percentile(createToSpec, 0.99)];
  const ratio = p50 / median(kubectlDebug);
  const both = (samples: number[]): string =>
    `${number(percentile(samples, 0.5))} ms, ${number(percentile(samples, 0.99))} ms`;
  return [
    {
      what: `create -> container in the pod's spec, one at a time: p50, p99 of ${createToSpec.length}`,
      measured: both(createToSpec),
      goal: '<= 15 ms, <= 60 ms',
      met: p50 <= 15 && p99 <= 60,
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
  const { writes, gets, events, lists, watches, refused } = perSession;
  return [
    {
      what: `writes, GETs, events of a clean session (audit log, mean of ${perSession.sessions})`,
      measured: [writes, gets, events].map(number).join(', '),
      goal: '<= 6, <= 1, <= 4',
      met: writes <= 6 && gets <= 1 && events <= 4,
    },
    {
      what: 'lists, watches, refused requests of a clean session (audit log)',
      measured: [lists, watches, refused].map(number).join(', '),
      goal: '',
    },
  ];
}

function footprintFigures(footprint: Footprint): Figure[] {
  const { options, empty, withPods, withSessions, withWatchedNamespace, idleCpu, idleCpuWithSessions } = footprint;
  const perSessions = ((withSessions - withPods) / options.liveSessions) * 1_000;
  const perPods = ((withPods - empty) / options.pods) * 1_000;
  return [
    { what: 'resident memory, empty', measured: `${number(empty)} MB`, goal: '<= 110 MB', met: empty <= 110 },
    {
      what: `... more per 1,000 pods that nobody debugs (with ${options.pods}: ${number(withPods)} MB)`,
      measured: `${perPods.toFixed(2)} MB`,
      goal: '<= 0.05 MB',
      met: perPods <= 0.05,
    },
    {
      what: `... more per 1,000 live sessions over 100 pods (with ${options.liveSessions}: ${number(withSessions)} MB)`,
      measured: `${number(perSessions)} MB`,
      goal: '<= 3 MB',
      met: perSessions <= 3,
    },
    {
      what: `resident memory when 25 of those ${options.pods} pods are debugged, and so all of their namespace watched`,
      measured: `${number(withWatchedNamespace)} MB`,
      goal: '',
    },
    {
      what: `CPU idle over ${options.cpuSeconds} s, of one core: without sessions, with ${options.liveSessions} that live`,
      measured: `${idleCpu.toFixed(2)} %, ${idleCpuWithSessions.toFixed(2)} %`,
      goal: '<= 0.2 %',
      met: Math.max(idleCpu, idleCpuWithSessions) <= 0.2,
    },
  ];
}

function kubeletFigures({
  createToRunning,
  patchToRunning,
  deadlineToSeen,
  deadlineToFinished,
}: RealKubelet): Figure[] {
  const [session, patch] = [median(createToRunning), median(patchToRunning)];
  const [p50, p99] = [percentile(deadlineToSeen, 0.5), percentile(deadlineToSeen, 0.99)];
  return [
    {
      what: `create -> Running on the real kubelet, p50 of ${createToRunning.length}, by that of a bare PATCH (${number(session)} ms, ${number(patch)} ms)`,
      measured: `${(session / patch).toFixed(2)}x`,
      goal: '<= 1.1x',
      met: session / patch <= 1.1,
    },
    {
      what: `deadline -> end in the pod's status, p50, p99 of ${deadlineToSeen.length} with a ttl of 5 s`,
      measured: `${number(p50)} ms, ${number(p99)} ms`,
      goal: '<= 1 s, <= 5 s',
      met: p50 <= 1_000 && p99 <= 5_000,
    },
    {
      what: "the kubelet's finishedAt minus the deadline (whole seconds), p50, p99",
      measured: [0.5, 0.99].map((part) => `${percentile(deadlineToFinished, part) / 1_000} s`).join(', '),
      goal: '',
    },
  ];
}

/** Three digits that count. */
function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
