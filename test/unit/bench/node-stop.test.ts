import { expect, it } from '@jest/globals';
import type { NodeEnd, NodeStop } from '../../../bench/parts/node-stop.ts';
import { nodeStopFigures } from '../../../bench/report/node-stop-figures.ts';
import type { Figure } from '../../../bench/report/figures.ts';

const good: NodeEnd = {
  ...{ stopBy: 'NodeFirst', cause: 'Cancelled', shape: 'any', due: 0 },
  ...{ exited: 2_000, said: 2_500, endedBy: 'Node' },
};

function row(words: string, more: Partial<NodeStop>): Figure | undefined {
  return nodeStopFigures({ ends: [good], lives: [], restarts: 0, ...more }).find(({ what }) => what.includes(words));
}

it.each([
  [5_000, true],
  [5_001, false],
])('an end by the node %d ms after the cancel or the deadline meets its goal: %p', (exited, met) => {
  expect(row('cancel sent', { ends: [{ ...good, exited }] })).toMatchObject({ met });
  expect(row('deadline', { ends: [{ ...good, cause: 'Deadline', exited }] })).toMatchObject({ met });
});

it('the report sets no goal for the inside first, and has no row without such measurements', () => {
  expect(row('the inside first', { ends: [{ ...good, stopBy: 'InsideFirst' }] })).toMatchObject({
    measured: '2 s, 2 s',
    goal: '',
  });
  expect(row('the inside first', {})).toBeUndefined();
});

it.each<[string, Partial<NodeStop>, boolean]>([
  ['all are ended by the node', {}, true],
  ['one is not confirmed', { ends: [good, { stopBy: 'NodeFirst', cause: 'Cancelled', shape: 'any', due: 0 }] }, false],
  ['one is ended by somebody else', { ends: [{ ...good, endedBy: 'Exec' }] }, false],
  ['an application was restarted', { restarts: 1 }, false],
])('the goal of confirmed ends, when %s, is met: %p', (_words, more, met) => {
  expect(row('confirmed by the kubelet', more)).toMatchObject({ met });
});
