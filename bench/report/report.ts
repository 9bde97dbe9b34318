import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { figuresOf, type Figure, type Results } from './figures.ts';
import type { Step } from '../parts/timeline.ts';

/** Where and on what it was measured. */
export interface Circumstances {
  command: string;
  date: string;
  /** With `+` where sources had changes that were not committed. */
  commit: string;
  machine: string;
  node: string;
  /** Of one minute, before the first and after the last measurement. */
  load: { before: number; after: number };
}

/** Call it before anything of ours burdens the machine. */
export function circumstances(command: string): Circumstances {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--', 'src', 'bench', 'package.json') !== '';
  const [cpu] = cpus();
  const gibibytes = (totalmem() / 2 ** 30).toFixed(0);
  const load = loadavg()[0] ?? Number.NaN;
  // What follows the version names whoever built the kernel.
  const kernel = release().replace(/^(\d+\.\d+).*/, '$1');
  return {
    command,
    date: new Date().toISOString(),
    commit: `${git('rev-parse', '--short', 'HEAD')}${changed ? '+' : ''}`,
    machine: `${cpus().length} cores (${cpu?.model ?? 'unknown'}), ${gibibytes} GiB, Linux ${kernel}; everything on this one machine`,
    node: process.version,
    load: { before: load, after: load },
  };
}

/** Writes results/<date>-<commit>.md and .json. @returns the text of the first */
export function writeReport(folder: string, about: Circumstances, results: Results): string {
  const measured = { ...about, load: { ...about.load, after: loadavg()[0] ?? Number.NaN } };
  const figures = figuresOf(results);
  const text = [markdown(measured, figures), profile(results.latency?.steps ?? [])].filter(Boolean).join('\n');
  const quick = about.command.includes('QUICK') ? '-quick' : '';
  const part = about.command.includes('ONLY') ? '-part' : '';
  const file = join(folder, `${about.date.slice(0, 10)}-${about.commit.replace('+', '-changed')}${quick}${part}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${file}.md`, text);
  writeFileSync(`${file}.json`, `${JSON.stringify({ ...measured, figures, raw: results }, rounded, 1)}\n`);
  return text;
}

function markdown(about: Circumstances, figures: readonly Figure[]): string {
  const { before, after } = about.load;
  const busy =
    before > 0.5
      ? `\n\n**The machine was not idle: other work ran on it before and during the measurement (load ${before.toFixed(1)} at the beginning).** Ratios bear that better than times.`
      : '';
  const head = `\`${about.command}\` at commit ${about.commit}, ${about.date.slice(0, 16)}Z. ${about.machine}; Node ${about.node}. Load average ${before.toFixed(1)} before, ${after.toFixed(1)} after.`;
  const rows = figures.map(({ what, measured, goal, met }) => {
    const verdict = met === undefined ? '' : met ? 'yes' : '**no**';
    return `| ${what} | ${measured} | ${goal} | ${verdict} |`;
  });
  return `${[head + busy, '', '| figure | measured | goal | met |', '| --- | --- | --- | --- |', ...rows].join('\n')}\n`;
}

/** What create -> spec is made of: for a goal that is missed, where to look. */
function profile(steps: readonly Step[]): string {
  if (steps.length === 0) return '';
  const both = ({ p50, p99 }: Step['served']): string =>
    Number.isNaN(p50) ? '' : `${p50.toFixed(1)} (${p99.toFixed(1)})`;
  const rows = steps.map(
    ({ step, sessions, before, served, at }) =>
      `| ${step} | ${sessions} | ${both(before)} | ${both(served)} | ${at.toFixed(1)} |`,
  );
  return `${[
    'From create to spec, step by step, in ms: p50 (p99).',
    '',
    '| request | sessions | since the last answer before it | served in | done after, p50 |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n')}\n`;
}

/** A microsecond is more than any of these clocks knows. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value) ? Number(value.toFixed(3)) : value;
}
