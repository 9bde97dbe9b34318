import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { takeClusterDown } from '../cluster/launch.ts';
import { reportOf } from './report.ts';
import { Run } from './run.ts';
import { Stand } from './stand.ts';

// `make soak MINUTES=n`: sessions of all kinds for so long, on a cluster of its own, while leaders are killed and the
// API server is restarted. Beside them one operator lives through all of it, and what it holds is measured
// (docs/adr/0064).

const RESULTS = 'soak-results';

const { values } = parseArgs({ options: { down: { type: 'boolean', default: false } } });
const minutes = Number(process.env['MINUTES'] || '40');
if (!(minutes >= 3)) throw new Error(`MINUTES is ${process.env['MINUTES']}: say for how long, at least 3`);

const say = (line: string): void => void process.stderr.write(`${line}\n`);

// What was interrupted leaves work behind, which then fails as well; that must not end what cleans up.
process.on('unhandledRejection', (reason) => say(`left behind: ${String(reason)}`));

/** Ends the run, not the process, however often it comes: what was made has to go. */
const interrupted = new Promise<never>((_resolve, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => reject(new Error(`interrupted by ${signal}`)));
});
interrupted.catch(() => undefined);

function commit(): string {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', 'src', 'test/soak') !== '';
  return `${git('rev-parse', '--short', 'HEAD')}${changed ? ' with changes' : ''}`;
}

async function main(): Promise<number> {
  const date = new Date().toISOString();
  const about = { commit: commit(), date };
  let stand: Stand | undefined;
  let run: Run | undefined;
  try {
    stand = await Stand.open();
    run = new Run(stand, { minutes, say });
    const { found, raw } = await Promise.race([interrupted, run.play()]);
    const whole = { ...about, ...found };
    mkdirSync(RESULTS, { recursive: true });
    const file = `${RESULTS}/${date.replaceAll(':', '').slice(0, 15)}.json`;
    writeFileSync(file, `${JSON.stringify({ ...whole, ended: Object.fromEntries(whole.ended), raw })}\n`);
    say(`samples: ${file}`);
    process.stdout.write(reportOf(whole));
    const isGood = found.faults.length === 0 && [...found.judged, ...found.idle].every(({ met }) => met !== false);
    return isGood ? 0 : 1;
  } catch (error) {
    say(`the run ended early: ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    run?.stop();
    try {
      await stand?.close(!values.down);
    } finally {
      if (values.down) await takeClusterDown();
    }
  }
}

// What was interrupted may wait for minutes still.
process.exit(await main());
