import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Mutant } from './mutant.ts';
import { MUTANTS } from './mutants.ts';

// `node test/mutation/run.ts [WORDS]`: sows one bug after the other into a copy of the tree and looks which suite
// notices. Takes minutes, so it is no part of `make test`. Exits with 1 where a bug goes unnoticed. WORDS: only the
// bugs whose name matches this regular expression.

const ROOT = join(import.meta.dirname, '../..');
const COPIED = ['src', 'test', 'crds', 'docs', 'config', 'scripts', 'package.json', 'jest.config.js', 'tsconfig.json'];
const WORKERS = 2;
/** In the order of what they cost: a bug that the first notices is not shown to the next. */
const SUITES = [
  {
    name: 'unit',
    project: 'unit',
    tests: 'unit/(session/(?!plan/plan.property)|reconcile|api)',
  },
  { name: 'runtime', project: 'unit', tests: 'unit/runtime/(list-watch|store|informer)' },
  { name: 'sockets', project: 'process', tests: 'process/kube/(rotation|watch-faults)' },
  { name: 'shell', project: 'process', tests: 'process/session/(container/(supervisor|environment)|stop/stop-script)' },
  { name: 'property', project: 'unit', tests: 'unit/session/plan/plan.property' },
  { name: 'simulation', project: 'simulation', tests: 'simulation' },
] as const;
/** MUTATION_SUITES=simulation asks these only. */
const ASKED = process.env['MUTATION_SUITES']?.split(',') ?? SUITES.map(({ name }) => name as string);
/** A run of the suites that neither passes nor fails within so many ms has noticed something too. */
const LONGEST_MS = 180_000;

function copyTree(): string {
  const folder = mkdtempSync(join(tmpdir(), 'debugsession-mutation-'));
  const filter = (path: string): boolean => !path.endsWith('/node_modules');
  for (const name of COPIED) cpSync(join(ROOT, name), join(folder, name), { recursive: true, filter });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** The name of the first suite that fails, or undefined. */
async function noticedBy(folder: string): Promise<string | undefined> {
  for (const { name, project, tests } of SUITES) {
    if (!ASKED.includes(name)) continue;
    const args = ['--selectProjects', project, '--testPathPatterns', tests, '--bail', '--silent', '--maxWorkers=1'];
    const child = spawn(join(folder, 'node_modules/.bin/jest'), args, {
      cwd: folder,
      stdio: 'ignore',
      env: {
        ...process.env,
        NODE_OPTIONS: '--experimental-vm-modules --no-warnings',
        SIMULATION_RUNS: process.env['SIMULATION_RUNS'] ?? '150',
        PROPERTY_RUNS: process.env['PROPERTY_RUNS'] ?? '500',
      },
      timeout: LONGEST_MS,
    });
    const failed = await new Promise<boolean>((resolve) => child.on('close', (code) => resolve(code !== 0)));
    if (failed) return name;
  }
  return undefined;
}

/** The tree moves on: a bug whose text is gone, or stands there twice, has to be written anew. */
function outOfDate(folder: string): string[] {
  const old = MUTANTS.filter(({ file, from }) => readFileSync(join(folder, file), 'utf8').split(from).length !== 2);
  return old.map(({ name, file }) => `${name} (${file})`);
}

function sow(folder: string, { file, from, to }: Mutant): void {
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
}

const words = process.argv[2] ?? '';
const chosen = MUTANTS.filter((mutant) => new RegExp(words).test(mutant.name));
const results = new Map<string, string | undefined>();
const waiting = [...chosen];

async function work(folder: string): Promise<void> {
  try {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const original = readFileSync(join(folder, mutant.file), 'utf8');
      sow(folder, mutant);
      const suite = await noticedBy(folder);
      writeFileSync(join(folder, mutant.file), original);
      results.set(mutant.name, suite);
      process.stderr.write(`${suite === undefined ? 'SURVIVED' : `killed (${suite})`}: ${mutant.name}\n`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// All at once, so that an edit in the meantime does not make them differ.
const folders = Array.from({ length: WORKERS }, copyTree);
const old = outOfDate(folders[0] ?? '');
if (old.length > 0) throw new Error(`mutants.ts is out of date: ${old.join('; ')}`);
const broken = await noticedBy(folders[0] ?? '');
if (broken !== undefined) throw new Error(`suite ${broken} fails without any bug sown: nothing could be learned`);
await Promise.all(folders.map(work));

process.stdout.write('| bug | noticed by |\n| --- | --- |\n');
for (const { name } of chosen) process.stdout.write(`| ${name} | ${results.get(name) ?? '**nothing**'} |\n`);
const killed = [...results.values()].filter((suite) => suite !== undefined).length;
process.stdout.write(`\n${killed} of ${chosen.length} killed\n`);
process.exitCode = killed === chosen.length ? 0 : 1;
