import { measureBurst } from './burst.ts';
import { measureEnding } from './ending.ts';
import { measureExec } from './exec.ts';
import type { Extent } from '../rig/extent.ts';
import type { Results } from '../report/figures.ts';
import { measureFootprint } from './footprint.ts';
import { measureLatency } from './latency.ts';
import { measureNodeStop } from './node-stop.ts';
import { measurePlugin } from './plugin.ts';
import { measureRealKubelet } from './real-kubelet.ts';
import type { Rig } from '../rig/rig.ts';
import { measureScale } from './scale.ts';
import { measureThroughput } from './throughput.ts';

/** What a part works with. It fills `results` as its figures come, so that a failure leaves those that were there. */
export interface Work {
  rig: Rig;
  extent: Extent;
  results: Results;
  say: (line: string) => void;
}

/** One measurement: it begins on a cluster without pods and sessions, and does not depend on another. */
export interface Part {
  /** For --only. */
  name: string;
  /** What is missing when it fails. */
  title: string;
  measure(work: Work): Promise<void>;
}

/**
 * In the order of running: the largest last, since what it leaves need not be taken away where the cluster itself goes.
 */
export const PARTS: readonly Part[] = [
  {
    name: 'latency',
    title: "create -> container in the pod's spec, and requests of a session",
    async measure({ rig, extent: { latency }, results }) {
      results.latency = await measureLatency(rig, latency.sessions, latency.kubectlRuns);
    },
  },
  {
    name: 'throughput',
    title: 'sessions per second, operator / probe',
    async measure({ rig, extent, results, say }) {
      await measureThroughput(rig, extent.throughput, say, (result) => results.throughput.push(result));
    },
  },
  {
    name: 'burst',
    title: 'sessions all at once',
    async measure({ rig, extent, results }) {
      results.burst = await measureBurst(rig, extent.burst);
    },
  },
  {
    name: 'kubelet',
    title: 'start and end on the real kubelet',
    async measure({ rig, extent, results }) {
      await measureRealKubelet(rig, extent.realKubelet, (results.realKubelet = {}));
    },
  },
  {
    name: 'ending',
    title: 'ends of sessions of every shape, by every line',
    async measure({ rig, extent, results }) {
      results.ending = await measureEnding(rig, extent.ending);
      results.nodeStop = await measureNodeStop(rig, extent.nodeStop);
    },
  },
  {
    name: 'plugin',
    title: 'kubectl dbg beside kubectl',
    async measure({ rig, extent, results }) {
      results.plugin = await measurePlugin(rig, extent.plugin);
    },
  },
  {
    name: 'exec',
    title: 'exec beside finished sessions',
    async measure({ rig, extent, results }) {
      results.exec = await measureExec(rig, extent.exec);
    },
  },
  {
    name: 'scale',
    title: 'stored and live sessions before convergence takes more than 10 s',
    async measure({ rig, extent, results, say }) {
      await measureScale(rig, extent.scale, say, (step) => results.scale.push(step));
    },
  },
  {
    name: 'memory',
    title: 'memory, CPU, and start with many pods and sessions',
    async measure({ rig, extent, results, say }) {
      await measureFootprint(rig, extent.footprint, (results.footprint = {}), say);
    },
  },
];
