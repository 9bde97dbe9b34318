import type { EndedBy } from '../../src/api/debugsession.ts';
import type { Ending, Group, SessionEnd } from '../parts/ending.ts';
import type { Figure } from './figures.ts';
import { percentile, spread } from './statistics.ts';
import { number } from './words.ts';

/** How long a container that has ended may go unsaid, in ms. */
const UNSAID_MS = 10_000;

/** What became of the sessions of `make bench ONLY=ending`. */
export function endingFigures({ ends, decoys, alive }: Ending): Figure[] {
  const of = (group: Group): SessionEnd[] => ends.filter((one) => one.group === group);
  const said = ends.filter((one) => one.said !== undefined);
  const exited = ends.filter((one) => one.exited !== undefined);
  const early = said.filter((one) => exitedAt(one) > saidAt(one)).length;
  const unsaid = exited.filter((one) => saidAt(one) - exitedAt(one) > UNSAID_MS).length;
  const together = spread(of('exec').map(({ due }) => due));
  const within = number(Math.max(0, together.max - together.min) / 1_000);
  return [
    ...lateFigure('end minus deadline with a supervisor', of('supervisor'), { by: 'Supervisor', p50: 1, p99: 5 }),
    ...lateFigure(`end minus deadline by exec alone, all deadlines within ${within} s`, of('exec'), {
      by: 'Exec',
      p99: 8,
    }),
    ...lateFigure('cancel sent -> end of the container', of('cancel'), {}),
    {
      what: `from the end of a container until its session's status says so, p50, p99 of ${exited.length}`,
      measured: both(exited.map((one) => saidAt(one) - exitedAt(one))),
      goal: '',
    },
    {
      what: `processes of the debugged pods that look like a session's (same commands, same users, some without a parent), killed of ${decoys.all}`,
      measured: String(decoys.killed),
      goal: '0',
      met: decoys.all > 0 && decoys.killed === 0,
    },
    {
      what: `containers alive that the status of their session calls ended, of ${said.length}: when it first said so; at the end, by containerd's tasks; by the pods' statuses`,
      measured: [early, alive.tasks, alive.pods].join(', '),
      goal: '0, 0, 0',
      met: early + alive.tasks + alive.pods === 0,
    },
    {
      what: `containers that had ended for 10 s while the status of their session did not say so, of ${exited.length}`,
      measured: String(unsaid),
      goal: '0',
      met: unsaid === 0,
    },
  ];
}

/** In s. */
interface Goal {
  by?: EndedBy;
  p50?: number;
  p99?: number;
}

/** Whoever else ended one is named, and then it is not this line of defence that was measured. */
function lateFigure(what: string, ends: readonly SessionEnd[], { by, p50, p99 }: Goal): Figure[] {
  if (ends.length === 0) return [];
  const late = ends.map((one) => exitedAt(one) - one.due);
  const goals = [
    p50 !== undefined && `<= ${p50} s`,
    p99 !== undefined && `${p50 === undefined ? 'p99 ' : ''}<= ${p99} s`,
  ];
  const isMet =
    percentile(late, 0.5) <= (p50 ?? Infinity) * 1_000 &&
    percentile(late, 0.99) <= (p99 ?? Infinity) * 1_000 &&
    ends.every(({ endedBy }) => endedBy === by);
  return [
    {
      what: `${what}, p50, p99 of ${ends.length} (ended by ${endersOf(ends)})`,
      measured: `${both(late)} (latest: ${latestOf(ends)})`,
      goal: goals.filter(Boolean).join(', '),
      ...(p99 !== undefined && { met: isMet }),
    },
  ];
}

/** "Exec 49, Attach 1". */
function endersOf(ends: readonly SessionEnd[]): string {
  const counts = new Map<string, number>();
  for (const { endedBy = 'nothing yet' } of ends) counts.set(endedBy, (counts.get(endedBy) ?? 0) + 1);
  return [...counts].map(([name, count]) => `${name} ${count}`).join(', ');
}

/** Its shape: where to look. */
function latestOf(ends: readonly SessionEnd[]): string {
  const [latest] = [...ends].sort((a, b) => (exitedAt(a) - a.due < exitedAt(b) - b.due ? 1 : -1));
  return latest?.shape ?? 'none';
}

/** Infinity: not as long as it was waited for. */
function exitedAt({ exited }: SessionEnd): number {
  return exited ?? Infinity;
}

function saidAt({ said }: SessionEnd): number {
  return said ?? Infinity;
}

function both(ms: readonly number[]): string {
  return [0.5, 0.99].map((part) => seconds(percentile(ms, part))).join(', ');
}

function seconds(ms: number): string {
  return Number.isFinite(ms) ? `${number(ms / 1_000)} s` : 'none within a minute';
}
