import { certainGrowth, lineThrough, type Line } from './growth.ts';
import type { Sample } from './process.ts';

/** What was sampled, with what the audit log adds. */
export type Full = Sample & { watches: number };

/** A figure that may not grow while the load stays the same. */
interface Bound {
  words: string;
  of: (sample: Full) => number;
  /** The most that it may grow. Absent: it is only told. */
  goal?: { most: number; per: 'hour' | 'run' };
}

/** MB in an hour. */
const HEAP_GOAL = 1;
/** What is counted one by one may be one more at the end. */
const ONE = { most: 1, per: 'run' } as const;

const BOUNDS: readonly Bound[] = [
  { words: 'heap, MB', of: ({ heap }) => heap, goal: { most: HEAP_GOAL, per: 'hour' } },
  { words: 'sockets', of: ({ sockets }) => sockets, goal: ONE },
  { words: 'timers', of: ({ timers }) => timers, goal: ONE },
  { words: 'abort listeners', of: ({ listeners }) => listeners, goal: ONE },
  { words: 'watches', of: ({ watches }) => watches, goal: ONE },
  { words: 'resident memory, MB', of: ({ resident }) => resident },
];

/** How one figure of one process went. */
export interface Judged {
  process: string;
  figure: string;
  /** Means of the first and the last tenth of the samples. */
  first: number;
  last: number;
  line: Line;
  goal: string;
  /** Absent: nothing is asked of it. */
  met?: boolean;
}

/** @param samples after the warm-up */
export function judge(process: string, samples: readonly Full[]): Judged[] {
  const begin = Date.parse(samples[0]?.at ?? '');
  const hoursOf = ({ at }: Full): number => (Date.parse(at) - begin) / 3_600_000;
  const length = hoursOf(samples.at(-1) ?? (samples[0] as Full));
  return BOUNDS.map(({ words, of, goal }) => {
    const line = lineThrough(samples.map((sample) => ({ hours: hoursOf(sample), value: of(sample) })));
    const values = samples.map(of);
    const tenth = Math.max(1, Math.round(values.length / 10));
    const [first, last] = [mean(values.slice(0, tenth)), mean(values.slice(-tenth))];
    const common = { process, figure: words, first, last, line };
    if (goal === undefined) return { ...common, goal: '' };
    const most = goal.per === 'hour' ? goal.most : goal.most / length;
    return {
      ...common,
      goal: `<= ${goal.most} in ${goal.per === 'hour' ? 'an hour' : 'all'}`,
      met: certainGrowth(line) <= most,
    };
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
