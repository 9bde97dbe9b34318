import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'esbuild';
import { cachePaths } from '../cluster/paths.ts';
import { progressTo } from '../cluster/progress.ts';
import { mustRun } from '../cluster/run-program.ts';
import { readCrds } from '../../src/plugin/schemas.ts';
import { loaderFor } from './c-library.ts';
import type { FuzzTarget } from './target.ts';
import { TARGETS } from './targets/all.ts';

// `make fuzz MINUTES=n TARGETS='image words'`: looks for inputs that break what the targets promise. The engine is
// Jazzer.js, which keeps the inputs that reach new code and goes on from them (docs/adr/0063). What was reached is
// kept for the next run; an input that breaks a promise is printed, and its file is named.

const ENGINE = join(import.meta.dirname, 'engine');
const FINDINGS = join(process.cwd(), 'fuzz-findings');
/** Seconds that one input may take: more is a fault. */
const LONGEST = 10;
const MAX_BYTES = 4096;

interface Result {
  target: string;
  runs: number;
  /** Places in the code that were reached. */
  coverage: number;
  /** Inputs that each reach something new. */
  kept: number;
  finding?: string;
}

const minutes = Number(process.env['MINUTES'] || '1');
if (!(minutes > 0)) throw new Error(`MINUTES is ${process.env['MINUTES']}: say how long in all, such as 60`);
const targets = chosen((process.env['TARGETS'] ?? '').split(/[\s,]+/).filter(Boolean));
const { root, programs } = cachePaths(process.env);
const progress = progressTo(process.stderr);
const engine = await ensureEngine();
const loader = await loaderFor(programs);
const folder = mkdtempSync(join(tmpdir(), 'fuzz-'));
const results: Result[] = [];
try {
  for (const target of targets) results.push(await fuzz(target, (minutes * 60) / targets.length));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.table(results);
process.exitCode = results.some(({ finding }) => finding !== undefined) ? 1 : 0;

function chosen(names: readonly string[]): readonly FuzzTarget[] {
  for (const name of names) {
    if (!TARGETS.some((target) => target.name === name))
      throw new Error(`TARGETS names ${name}; there are ${TARGETS.map((target) => target.name).join(', ')}`);
  }
  return names.length === 0 ? TARGETS : TARGETS.filter(({ name }) => names.includes(name));
}

/** Installed apart from the packages of the project, by a lock file of its own. @returns its program */
async function ensureEngine(): Promise<string> {
  const lock = readFileSync(join(ENGINE, 'package-lock.json'));
  const place = join(programs, `jazzer-${createHash('sha256').update(lock).digest('hex').slice(0, 16)}`);
  if (!existsSync(place)) {
    const fresh = `${place}.new`;
    rmSync(fresh, { recursive: true, force: true });
    cpSync(ENGINE, fresh, { recursive: true });
    const install = ['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'];
    await progress.during('installing Jazzer.js', () => mustRun(install, { cwd: fresh }));
    renameSync(fresh, place);
  }
  return join(place, 'node_modules', '@jazzer.js', 'core', 'dist', 'cli.js');
}

/** One file that holds the target and all that it reads with, since the engine follows only CommonJS. */
async function bundle(name: string): Promise<string> {
  const outfile = join(folder, `${name}.js`);
  await build({
    stdin: {
      contents: `import { TARGETS } from './targets/all.ts';
        const target = TARGETS.find(({ name }) => name === ${JSON.stringify(name)});
        export const fuzz = (data) => target.run(data);`,
      resolveDir: import.meta.dirname,
      loader: 'ts',
    },
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    define: { EMBEDDED_CRDS: JSON.stringify(readCrds()) },
    // import.meta is read only where the CRDs are not embedded.
    logOverride: { 'empty-import-meta': 'silent' },
    logLevel: 'warning',
  });
  return outfile;
}

async function fuzz({ name, seeds }: FuzzTarget, seconds: number): Promise<Result> {
  const corpus = join(root, 'fuzz', name);
  mkdirSync(corpus, { recursive: true });
  mkdirSync(FINDINGS, { recursive: true });
  for (const [index, seed] of seeds.entries()) writeFileSync(join(corpus, `seed-${index}`), seed);
  const before = new Set(readdirSync(FINDINGS));
  const file = await bundle(name);
  const [program = '', ...args] = [
    ...loader,
    process.execPath,
    engine,
    file,
    corpus,
    '--sync',
    '--includes',
    folder,
    '--',
    `-max_total_time=${Math.ceil(seconds)}`,
    `-timeout=${LONGEST}`,
    `-max_len=${MAX_BYTES}`,
    `-artifact_prefix=${FINDINGS}/${name}-`,
    '-print_final_stats=1',
  ];
  const child = spawn(program, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const said: string[] = [];
  const result: Result = { target: name, runs: 0, coverage: 0, kept: 0 };
  const read = (line: string): void => {
    said.push(line);
    const [, runs, coverage, kept] = /^#(\d+)\s.*\bcov: (\d+) .*\bcorp: (\d+)\//.exec(line) ?? [];
    if (runs !== undefined)
      Object.assign(result, { runs: Number(runs), coverage: Number(coverage), kept: Number(kept) });
  };
  createInterface({ input: child.stdout }).on('line', read);
  createInterface({ input: child.stderr }).on('line', read);
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? 1)));
  const code = await progress.during(`fuzzing ${name} for ${Math.ceil(seconds)} s`, () => ended);
  if (code === 0) return result;
  const finding = readdirSync(FINDINGS).find((entry) => !before.has(entry));
  console.error(said.slice(-25).join('\n'));
  return { ...result, finding: finding === undefined ? `ended with ${code}` : join('fuzz-findings', finding) };
}
