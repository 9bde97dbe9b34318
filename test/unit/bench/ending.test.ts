import { describe, expect, it } from '@jest/globals';
import { readExit } from '../../../bench/rig/container-exits.ts';
import { endingFigures } from '../../../bench/report/ending-figures.ts';
import { SHAPES, shapeOf, specOf, wordsOf } from '../../../bench/parts/ending-shapes.ts';
import type { Ending, SessionEnd } from '../../../bench/parts/ending.ts';
import type { Figure } from '../../../bench/report/figures.ts';

const DUE = 1_000_000;
const good: SessionEnd = {
  ...{ group: 'supervisor', shape: 'any', endedBy: 'Supervisor' },
  ...{ due: DUE, exited: DUE + 500, said: DUE + 1_500 },
};
const unended: SessionEnd = { group: 'supervisor', shape: 'a stubborn one', due: DUE };
const ofExec: SessionEnd = { ...good, group: 'exec', endedBy: 'Exec' };

function row(words: string, ends: SessionEnd[], more: Partial<Ending> = {}): Figure {
  const all = { ends, decoys: { all: 100, killed: 0 }, alive: { tasks: 0, pods: 0 }, ...more };
  const found = endingFigures(all).filter(({ what }) => what.includes(words));
  expect(found).toHaveLength(1);
  return found[0] as Figure;
}

const late = (one: SessionEnd, ms: number): SessionEnd => ({ ...one, exited: DUE + ms, said: DUE + ms + 900 });

describe('end minus deadline', () => {
  it.each<[SessionEnd, string, number, boolean]>([
    [good, 'with a supervisor', 1_000, true],
    [good, 'with a supervisor', 1_001, false],
    [ofExec, 'by exec alone', 8_000, true],
    [ofExec, 'by exec alone', 8_001, false],
  ])('the end %j, counted as %s, %d ms late, meets its goal: %p', (one, words, ms, met) => {
    expect(row(words, [late(one, ms)]).met).toBe(met);
  });

  it('a goal allows one in a hundred ends to be later than the limit, and not two', () => {
    const hundred = (many: number) => Array.from({ length: 100 }, (_, index) => late(good, index < many ? 5_001 : 500));
    expect(row('with a supervisor', hundred(1)).met).toBe(true);
    expect(row('with a supervisor', hundred(2)).met).toBe(false);
  });

  it('a container that ended by another route, or not at all, is no measurement of this route', () => {
    expect(row('by exec alone', [ofExec, { ...ofExec, endedBy: 'Attach' }])).toMatchObject({
      what: expect.stringContaining('(ended by Exec 1, Attach 1)'),
      met: false,
    });
    expect(row('with a supervisor', [good, unended])).toMatchObject({
      what: expect.stringContaining('(ended by Supervisor 1, nothing yet 1)'),
      measured: '0.5 s, none within a minute (latest: a stubborn one)',
      met: false,
    });
  });

  it('the report tells the time of a cancelled session without a goal', () => {
    const found = row('cancel sent', [{ ...good, group: 'cancel' }]);
    expect(found).toMatchObject({ measured: '0.5 s, 0.5 s (latest: any)', goal: '' });
    expect(found.met).toBeUndefined();
  });
});

describe('forbidden outcomes', () => {
  const alive = 'containers alive';

  it.each<[string, SessionEnd[], Partial<Ending>, string]>([
    ['its status said so before', [{ ...good, said: DUE + 499 }], {}, '1, 0, 0'],
    ['it never ended', [{ ...unended, said: DUE + 1_500 }], {}, '1, 0, 0'],
    ['its task runs', [good], { alive: { tasks: 1, pods: 0 } }, '0, 1, 0'],
    ['its pod says it runs', [good], { alive: { tasks: 0, pods: 1 } }, '0, 0, 1'],
  ])('the report counts a container that lives although it is said to have ended: %s', (_, ends, more, measured) => {
    expect(row(alive, ends, more)).toMatchObject({ measured, met: false });
    expect(row(alive, [good])).toMatchObject({ measured: '0, 0, 0', met: true });
  });

  it('the report counts a container that has ended without a word in its status for 10 s', () => {
    const silent: SessionEnd = { ...unended, exited: DUE + 500 };
    const words = 'had ended for 10 s';
    expect(row(words, [good, silent])).toMatchObject({ measured: '1', met: false });
    expect(row(words, [{ ...good, said: DUE + 10_500 }]).met).toBe(true);
    expect(row(words, [{ ...good, said: DUE + 10_501 }]).met).toBe(false);
  });

  it('the report counts a killed decoy, and fails without decoys', () => {
    const words = 'killed of';
    expect(row(words, [good]).met).toBe(true);
    expect(row(words, [good], { decoys: { all: 100, killed: 1 } })).toMatchObject({ measured: '1', met: false });
    expect(row(words, [good], { decoys: { all: 0, killed: 0 } }).met).toBe(false);
  });
});

describe('shapes', () => {
  it('the shapes are 48, and no shape comes twice before all have come', () => {
    const words = Array.from({ length: SHAPES }, (_, index) => wordsOf(shapeOf(index)));
    expect(new Set(words).size).toBe(48);
    expect(SHAPES).toBe(48);
    expect(shapeOf(SHAPES)).toEqual(shapeOf(0));
  });

  it('twelve shapes in a row have each process namespace with each attendance', () => {
    const pairs = Array.from({ length: 12 }, (_, index) => shapeOf(30 + index));
    expect(new Set(pairs.map(({ namespace, attendance }) => `${namespace} ${attendance}`)).size).toBe(12);
  });

  it('the first process of a shape without a supervisor heeds a signal in its own namespace', () => {
    for (let index = 0; index < SHAPES; index += 1) {
      const shape = shapeOf(index);
      const { command = [] } = specOf(shape, 'web', 'None');
      expect(command.join(' ').includes('trap exit TERM')).toBe(shape.namespace === 'own');
      expect(specOf(shape, 'web', 'Shell').command).not.toContain('-c');
    }
  });
});

describe("containerd's exits", () => {
  const line = (event: object, topic = '/tasks/exit'): string =>
    `2026-11-21 20:12:27.689459324 +0000 UTC k8s.io ${topic} ${JSON.stringify(event)}`;
  const exit = { container_id: 'a', id: 'a', pid: 1, exit_status: 3 };

  it('the exits of containerd are read to the fraction of a millisecond', () => {
    const at = { seconds: 1_795_291_947, nanos: 689_500_000 };
    expect(readExit(line({ ...exit, exited_at: at }))).toEqual({ id: 'a', at: 1_795_291_947_689.5 });
    expect(readExit(line({ ...exit, exited_at: { seconds: 5 } }))).toEqual({ id: 'a', at: 5_000 });
  });

  it('the reader ignores exits of an exec and other events of containerd', () => {
    const at = { seconds: 1 };
    expect(readExit(line({ ...exit, id: 'of-an-exec', exited_at: at }))).toBeUndefined();
    expect(readExit(line({ ...exit, exited_at: at }, '/tasks/delete'))).toBeUndefined();
    expect(readExit('')).toBeUndefined();
  });
});
