import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import type { Results } from './figures.ts';
import { measureFootprint, type FootprintOptions } from './footprint.ts';
import { measureLatency } from './latency.ts';
import { measureRealKubelet, type RealKubeletOptions } from './real-kubelet.ts';
import { circumstances, writeReport } from './report.ts';
import { Rig } from './rig.ts';
import { measureThroughput, type ThroughputOptions } from './throughput.ts';

/** How much of everything. */
interface Extent {
  throughput: ThroughputOptions;
  latency: { sessions: number; kubectlRuns: number };
  footprint: FootprintOptions;
  realKubelet: RealKubeletOptions;
}

const FULL: Extent = {
  throughput: { runs: 5, sessions: { 8: 160, 32: 320 } },
  latency: { sessions: 200, kubectlRuns: 20 },
  footprint: { pods: 10_000, liveSessions: 1_000, cpuSeconds: 30, settleMs: 10_000 },
  realKubelet: { starts: 20, ends: 50 },
};

/** Enough to see that something has become much worse. */
const QUICK: Extent = {
  throughput: { runs: 3, sessions: { 8: 60, 32: 120 } },
  latency: { sessions: 40, kubectlRuns: 5 },
  footprint: { pods: 2_000, liveSessions: 300, cpuSeconds: 10, settleMs: 2_000 },
  realKubelet: { starts: 5, ends: 10 },
};

const { values } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, pods: { type: 'string' } },
});
const extent = values.quick ? QUICK : FULL;
const pods = Number(values.pods ?? extent.footprint.pods);
if (!Number.isInteger(pods) || pods < 1) throw new Error(`--pods must be a whole number of pods, not ${values.pods}`);

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Ends the measurement, not the process, however often it comes (make and its shell send it twice): what we have made has to go. */
const interrupted = new Promise<never>((_resolve, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => reject(new Error(`interrupted by ${signal}`)));
});
interrupted.catch(() => undefined);

async function measure(rig: Rig): Promise<Results> {
  say('== sessions per second');
  const throughput = await measureThroughput(rig, extent.throughput, say);
  say('== latency and requests');
  const latency = await measureLatency(rig, extent.latency.sessions, extent.latency.kubectlRuns);
  say('== real kubelet');
  const realKubelet = await measureRealKubelet(rig, extent.realKubelet);
  say('== memory and CPU');
  const footprint = await measureFootprint(rig, { ...extent.footprint, pods }, say);
  return { throughput, latency, footprint, realKubelet };
}

const command = ['make bench', values.quick && 'QUICK=1', values.pods && `PODS=${values.pods}`]
  .filter(Boolean)
  .join(' ');
const about = circumstances(command);
const rig = await Rig.open();
try {
  const results = await Promise.race([interrupted, measure(rig)]);
  process.stdout.write(writeReport(fileURLToPath(new URL('results', import.meta.url)), about, results));
} catch (error) {
  say(`the benchmark ended early: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await rig.close();
}
