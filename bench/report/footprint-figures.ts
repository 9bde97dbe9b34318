import type { Figure } from './figures.ts';
import type { Footprint, Updates } from '../parts/footprint.ts';
import type { Memory } from '../rig/process-figures.ts';
import type { Start } from '../rig/start.ts';
import { median } from './statistics.ts';
import { number, range } from './words.ts';

/** Filled as far as it went. */
export type Found = Partial<Footprint> & Pick<Footprint, 'options'>;

/** Memory, CPU and start; of what was not measured there is no row. */
export function footprintFigures(found: Found): Figure[] {
  const { options, empty } = found;
  return [
    ...figure(empty, (mb) => ({
      what: 'resident memory, empty',
      measured: `${number(mb)} MB`,
      goal: '<= 75 MB',
      met: mb <= 75,
    })),
    ...figure(found.worked, (memory) => ({
      what: 'resident memory after sessions that came and went (after a forced collection; of that heap in use)',
      measured: whole(memory),
      goal: '',
    })),
    ...growth(found.worked, found.withPods, {
      what: `... more per 1,000 pods that nobody debugs (with ${options.pods})`,
      thousands: options.pods / 1_000,
      goal: 0.05,
    }),
    ...growth(found.withPods, found.withSessions, {
      what: `... more per 1,000 live sessions over 100 pods (with ${options.liveSessions})`,
      thousands: options.liveSessions / 1_000,
      goal: 10,
      collectedGoal: 5,
    }),
    ...growth(found.restarted, found.withMorePods, {
      what: `... more per 1,000 pods that nobody debugs (from ${options.pods} to ${3 * options.pods})`,
      thousands: (2 * options.pods) / 1_000,
      goal: 0.05,
    }),
    ...figure(found.withDebuggedCrowd, (memory) => ({
      what: `resident memory when 25 of those ${3 * options.pods} pods are debugged`,
      measured: whole(memory),
      goal: '<= 150 MB',
      met: memory.atRest <= 150,
    })),
    ...cpuFigures(found),
    ...restartFigures(found.starts ?? [], options),
  ];
}

/** How much more it takes with a thousand of something more; three figures, of which the first counts. */
function growth(
  before: Memory | undefined,
  after: Memory | undefined,
  { what, thousands, goal, collectedGoal }: { what: string; thousands: number; goal: number; collectedGoal?: number },
): Figure[] {
  if (before === undefined || after === undefined) return [];
  const per = (part: 'collected' | 'heap'): number => (after[part] - before[part]) / thousands;
  // Both began without garbage: what the change itself has left of it counts.
  const atRest = (after.atRest - before.collected) / thousands;
  const words = (mb: number): string => `${mb.toFixed(2)} MB`;
  return [
    {
      what: `${what}: resident at rest (after a forced collection; heap in use)`,
      measured: `${words(atRest)} (${words(per('collected'))}; ${words(per('heap'))})`,
      goal: `<= ${goal} MB${collectedGoal === undefined ? '' : ` (<= ${collectedGoal} MB)`}`,
      met: atRest <= goal && per('collected') <= (collectedGoal ?? Infinity),
    },
  ];
}

function cpuFigures({ options, idleCpu, idleCpuWithSessions, updates, watchedUpdates }: Found): Figure[] {
  const seconds = options.cpuSeconds;
  const sessions = `with ${options.liveSessions} that live`;
  const changing = (found: Updates, what: string): Figure => ({
    what: `CPU over ${found.seconds.toFixed(0)} s, ${sessions}, while ${what} (${found.perSecond.toFixed(0)} changes a second)`,
    measured: `${found.percent.toFixed(2)} %`,
    goal: '',
  });
  return [
    ...figure(idleCpu, (percent) => ({
      what: `CPU idle over ${seconds} s, of one core, without sessions`,
      measured: `${percent.toFixed(2)} %`,
      goal: '<= 0.2 %',
      met: percent <= 0.2,
    })),
    ...figure(idleCpuWithSessions, (percent) => ({
      what: `CPU idle over ${seconds} s, of one core, ${sessions}`,
      measured: `${percent.toFixed(2)} %`,
      goal: '<= 0.2 %',
      met: percent <= 0.2,
    })),
    ...figure(updates, (found) => ({
      ...changing(found, 'pods change that nobody debugs, in a namespace where nobody debugs'),
      goal: '<= 2 %',
      met: found.percent <= 2,
    })),
    ...figure(watchedUpdates, (found) =>
      changing(found, 'pods change that nobody debugs, in the namespace of 25 debugged ones'),
    ),
  ];
}

function restartFigures(starts: readonly Start[], { pods, liveSessions }: Footprint['options']): Figure[] {
  if (starts.length === 0) return [];
  const all = (part: keyof Start): number[] => starts.map((start) => start[part]);
  const [first, fresh] = [median(all('firstReconcile')), median(all('newInSpec'))];
  const seconds = (part: keyof Start): string => range(all(part).map((ms) => ms / 1_000));
  return [
    {
      what: `start of the process to its first reconcile, with ${pods} pods and ${liveSessions} live sessions, s: median of ${starts.length} (range)`,
      measured: seconds('firstReconcile'),
      goal: '<= 3 s',
      met: first <= 3_000,
    },
    {
      what: 'a new session meanwhile, created at the moment of "ready": to its container in the spec, ms: median (range)',
      measured: range(all('newInSpec')),
      goal: '<= 200 ms',
      met: fresh <= 200,
    },
    {
      what: 'from the start of the process, s: ready; a session that waited has its container in the spec; all sessions looked at',
      measured: (['ready', 'waitingInSpec', 'allReconciled'] as const).map(seconds).join('; '),
      goal: '',
    },
  ];
}

/** A row, where there is a value. */
function figure<T>(value: T | undefined, row: (value: T) => Figure): Figure[] {
  return value === undefined ? [] : [row(value)];
}

function whole({ atRest, collected, heap }: Memory): string {
  return `${number(atRest)} MB (${number(collected)} MB; ${number(heap)} MB)`;
}
