import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { takeClusterDown } from '../test/cluster/launch.ts';
import { FULL, QUICK, type Extent } from './rig/extent.ts';
import type { Results } from './report/figures.ts';
import { PARTS, type Part } from './parts/parts.ts';
import { circumstances, writeReport } from './report/report.ts';
import { Rig } from './rig/rig.ts';

const USAGE = `usage: node bench/main.ts [--quick] [--only=PART,...] [--pods=N] [--down]

  --quick   fewer of everything: to see that nothing has become much worse
  --only    some parts only: ${PARTS.map(({ name }) => name).join(', ')}
  --pods    pods in the cluster that nobody debugs (default 10000, quick 1000); at the end three times as many
  --down    stop the cluster at the end, and leave nothing of it

The cluster is the one called CLUSTER_NAME; "make bench" starts one of its own.
`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    pods: { type: 'string' },
    down: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

// A part that failed leaves work behind which then fails as well; that must not end what cleans up, nor the next part.
process.on('unhandledRejection', (reason) => say(`left behind: ${String(reason)}`));

class Interruption extends Error {}

/**
 * Ends the measurement, not the process, however often it comes (make and its shell send it twice): what we have made
 * has to go.
 */
const interrupted = new Promise<never>((_resolve, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => reject(new Interruption(`interrupted by ${signal}`)));
});
interrupted.catch(() => undefined);

/** @throws Error for a name that is none */
function selected(only: string | undefined): readonly Part[] {
  if (only === undefined || only === '') return PARTS;
  const names = only.split(',');
  const unknown = names.find((name) => !PARTS.some((part) => part.name === name));
  if (unknown !== undefined) throw new Error(`--only: there is no part "${unknown}"\n${USAGE}`);
  return PARTS.filter(({ name }) => names.includes(name));
}

/** @throws Error for a number of pods that is none */
function extentOf(): Extent {
  const extent = values.quick ? QUICK : FULL;
  const pods = Number(values.pods ?? extent.footprint.pods);
  if (!Number.isInteger(pods) || pods < 1) throw new Error(`--pods must be a whole number of pods, not ${values.pods}`);
  return { ...extent, footprint: { ...extent.footprint, pods } };
}

/** One part after the other; one that fails does not keep the others from being measured. */
async function measure(rig: Rig, parts: readonly Part[], extent: Extent): Promise<Results> {
  const results: Results = { throughput: [], scale: [], failures: [], seconds: {} };
  for (const [index, part] of parts.entries()) {
    const begin = performance.now();
    say(`== ${part.title}`);
    try {
      if (index > 0) await Promise.race([interrupted, rig.clear()]);
      await Promise.race([interrupted, part.measure({ rig, extent, results, say })]);
    } catch (error) {
      if (error instanceof Interruption) throw error;
      const why = error instanceof Error ? error.message : String(error);
      say(`not measured: ${why}`);
      results.failures.push({ part: part.title, why });
      await rig.stopOperators();
    }
    results.seconds[part.name] = (performance.now() - begin) / 1_000;
    say(`   ${results.seconds[part.name]?.toFixed(0)} s`);
  }
  return results;
}

async function main(): Promise<number> {
  const words = [
    'make bench',
    values.quick && 'QUICK=1',
    values.only && `ONLY=${values.only}`,
    values.pods && `PODS=${values.pods}`,
  ];
  const about = circumstances(words.filter(Boolean).join(' '));
  let rig: Rig | undefined;
  try {
    const parts = selected(values.only);
    const extent = extentOf();
    rig = await Rig.open();
    const results = await measure(rig, parts, extent);
    process.stdout.write(writeReport(fileURLToPath(new URL('results', import.meta.url)), about, results));
    return results.failures.length === 0 ? 0 : 1;
  } catch (error) {
    say(`the benchmark ended early: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    try {
      await rig?.close({ sweep: !values.down });
    } finally {
      if (values.down) await takeClusterDown();
    }
  }
}

if (values.help) process.stdout.write(USAGE);
else process.exitCode = await main();
