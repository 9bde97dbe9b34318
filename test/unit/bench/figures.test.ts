import { describe, expect, it } from '@jest/globals';
import { figuresOf, type Figure, type Results } from '../../../bench/report/figures.ts';
import type { Footprint } from '../../../bench/parts/footprint.ts';
import type { ScaleStep } from '../../../bench/parts/scale.ts';
import { summarize, type Run } from '../../../bench/parts/throughput.ts';

// What decides whether a goal is met is worth more tests than what measures it.

const nothing: Results = { throughput: [], scale: [], failures: [], seconds: {} };

function rowsOf(results: Partial<Results>): Figure[] {
  return figuresOf({ ...nothing, ...results });
}

function row(results: Partial<Results>, words: string): Figure {
  const found = rowsOf(results).filter(({ what }) => what.includes(words));
  expect(found).toHaveLength(1);
  return found[0] as Figure;
}

const run = (sessionsPerSecond: number, apiServerMs = 40): Run => ({
  seconds: 1,
  sessionsPerSecond,
  cpuMsPerSession: 5,
  apiServerMs,
  eventsInTime: 1,
});

it('the report has no rows without measurements, and an unmet row for a part that failed', () => {
  expect(rowsOf({})).toEqual([]);
  expect(rowsOf({ failures: [{ part: 'memory', why: 'the operator | ended\n' }] })).toEqual([
    { what: 'memory', measured: 'not measured: the operator ended ', goal: '', met: false },
  ]);
});

describe('sessions per second', () => {
  it.each([
    [8, [84, 85, 90], true],
    [8, [80, 84, 90], false],
    [32, [80, 85, 90], true],
    [32, [70, 74, 80], false],
  ])('the throughput at %d at once, %j against 100, meets its goal: %p', (concurrency, rates, met) => {
    const result = summarize(
      concurrency,
      10,
      rates.map((rate) => run(rate)),
      [run(100)],
    );
    expect(row({ throughput: [result] }, 'operator / probe, ratio').met).toBe(met);
  });

  it.each([
    [48, true],
    [49, false],
  ])("the API server's %d ms a session against 40 ms of the probe meet their goal: %p", (ms, met) => {
    const result = summarize(32, 10, [run(90, ms)], [run(100)]);
    expect(row({ throughput: [result] }, "API server's CPU").met).toBe(met);
  });
});

describe('memory', () => {
  const options = { pods: 10_000, liveSessions: 1_000, starts: 1, cpuSeconds: 1, restSeconds: 1 };
  const footprint = (withSessions: Footprint['withSessions']): Partial<Results> => ({
    footprint: { options, withPods: { atRest: 150, collected: 100, heap: 20 }, withSessions },
  });

  it('the memory of live sessions counts from a collected heap and includes the garbage of the change', () => {
    const found = row(footprint({ atRest: 111, collected: 102, heap: 21 }), 'per 1,000 live sessions');
    expect(found).toMatchObject({ measured: '11.00 MB (2.00 MB; 1.00 MB)', met: false });
    expect(row(footprint({ atRest: 110, collected: 105, heap: 21 }), 'per 1,000 live sessions').met).toBe(true);
    expect(row(footprint({ atRest: 110, collected: 106, heap: 21 }), 'per 1,000 live sessions').met).toBe(false);
  });
});

describe('many sessions', () => {
  const step = (stored: number, converged: number, storedTouched = 0): ScaleStep => ({
    stored,
    live: stored / 10,
    endedMeanwhile: 1,
    ready: 1,
    newInSpec: 1,
    endsRecorded: 1,
    allReconciled: converged,
    converged,
    storedTouched,
  });

  it('the report takes the largest step that came to rest within 6 s', () => {
    const found = row({ scale: [step(10_000, 4_000), step(20_000, 6_001)] }, 'stored and live sessions');
    expect(found).toMatchObject({ measured: '10000 stored, 1000 live', met: false });
    expect(row({ scale: [step(20_000, 6_000)] }, 'stored and live sessions').met).toBe(true);
  });

  it('the report tells of stored sessions that were written without need', () => {
    expect(row({ scale: [step(20_000, 1, 3)] }, 'without need')).toMatchObject({ measured: '3', met: false });
  });
});

it.each([
  [2, true],
  [2.1, false],
])('an exec that the guard makes %d ms dearer meets its goal: %p', (dearer, met) => {
  const exec = { stored: 10_000, beside: [90, 10 + dearer, 1], unguarded: [10, 10, 10] };
  expect(row({ exec }, 'exec beside 10000')).toMatchObject({ measured: `${dearer} ms`, met });
});
