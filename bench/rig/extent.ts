import type { BurstOptions } from '../parts/burst.ts';
import type { EndingOptions } from '../parts/ending.ts';
import type { ExecOptions } from '../parts/exec.ts';
import type { FootprintOptions } from '../parts/footprint.ts';
import type { NodeStopOptions } from '../parts/node-stop.ts';
import type { PluginOptions } from '../parts/plugin.ts';
import type { RealKubeletOptions } from '../parts/real-kubelet.ts';
import type { ScaleOptions } from '../parts/scale.ts';
import type { ThroughputOptions } from '../parts/throughput.ts';

/** How much of everything. */
export interface Extent {
  latency: { sessions: number; kubectlRuns: number };
  throughput: ThroughputOptions;
  burst: BurstOptions;
  realKubelet: RealKubeletOptions;
  ending: EndingOptions;
  nodeStop: NodeStopOptions;
  plugin: PluginOptions;
  exec: ExecOptions;
  scale: ScaleOptions;
  footprint: FootprintOptions;
}

export const FULL: Extent = {
  latency: { sessions: 200, kubectlRuns: 20 },
  throughput: { runs: 5, sessions: { 8: 160, 32: 320 } },
  burst: { runs: 5, sessions: 200 },
  realKubelet: { starts: 30, ends: 100 },
  ending: { deadlines: 100, cancels: 24 },
  nodeStop: { first: 100, last: 24, expired: 24 },
  plugin: { lists: 20, terminals: 15 },
  exec: { stored: 10_000, rounds: 300 },
  scale: {
    steps: [
      { stored: 5_000, live: 500 },
      { stored: 10_000, live: 1_000 },
      { stored: 20_000, live: 2_000 },
    ],
  },
  footprint: { pods: 10_000, liveSessions: 1_000, starts: 3, cpuSeconds: 60, restSeconds: 20 },
};

/** Enough to see that something has become much worse. */
export const QUICK: Extent = {
  latency: { sessions: 40, kubectlRuns: 5 },
  throughput: { runs: 3, sessions: { 8: 40, 32: 80 } },
  burst: { runs: 1, sessions: 200 },
  realKubelet: { starts: 5, ends: 20 },
  ending: { deadlines: 20, cancels: 6 },
  nodeStop: { first: 8, last: 4, expired: 4 },
  plugin: { lists: 5, terminals: 3 },
  exec: { stored: 1_000, rounds: 50 },
  scale: { steps: [{ stored: 1_000, live: 100 }] },
  footprint: { pods: 1_000, liveSessions: 200, starts: 1, cpuSeconds: 15, restSeconds: 4 },
};
