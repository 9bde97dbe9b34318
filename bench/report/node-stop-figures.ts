import type { StopBy } from '../../src/api/debugpolicy.ts';
import type { NodeEnd, NodeStop } from '../parts/node-stop.ts';
import type { Figure } from './figures.ts';
import { percentile } from './statistics.ts';
import { number } from './words.ts';

/**
 * A container that nothing inside ends is to have ended so long after the cancel or its deadline, in ms, where the node
 * is asked first.
 */
const GOAL_MS = 5_000;

/** What became of sessions that nothing inside ends, with the component node-stop. */
export function nodeStopFigures({ ends, lives, restarts }: NodeStop): Figure[] {
  const of = (stopBy: StopBy, cause: NodeEnd['cause']): NodeEnd[] =>
    ends.filter((one) => one.stopBy === stopBy && one.cause === cause);
  const confirmed = ends.filter(({ said, endedBy }) => said !== undefined && endedBy === 'Node').length;
  return [
    ...endFigure('cancel sent', 'the node first', of('NodeFirst', 'Cancelled'), GOAL_MS),
    ...endFigure('cancel sent', 'the inside first', of('InsideFirst', 'Cancelled')),
    ...endFigure('deadline', 'the node first', of('NodeFirst', 'Deadline'), GOAL_MS),
    {
      what: `containers that nothing inside ends, ended by the node and confirmed by the kubelet, of ${ends.length}; restarts of the applications beside`,
      measured: `${confirmed}, ${restarts}`,
      goal: `${ends.length}, 0`,
      met: confirmed === ends.length && restarts === 0,
    },
    {
      what: `life of a stop pod, from its creation to its removal, p50, p99 of ${lives.length}`,
      measured: both(lives),
      goal: '',
    },
  ];
}

function endFigure(from: string, order: string, ends: readonly NodeEnd[], goal?: number): Figure[] {
  if (ends.length === 0) return [];
  const late = ends.map(({ exited = Infinity, due }) => exited - due);
  return [
    {
      what: `${from} -> end of a container that nothing inside ends, ${order}, p50, p99 of ${ends.length}`,
      measured: both(late),
      goal: goal === undefined ? '' : `p99 <= ${goal / 1_000} s`,
      ...(goal !== undefined && { met: percentile(late, 0.99) <= goal }),
    },
  ];
}

function both(ms: readonly number[]): string {
  const seconds = (one: number): string => (Number.isFinite(one) ? `${number(one / 1_000)} s` : 'none within a minute');
  return [0.5, 0.99].map((part) => seconds(percentile(ms, part))).join(', ');
}
