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

const run = (sessionsPerSecond: number): Run => ({
  seconds: 1,
  sessionsPerSecond,
  cpuMsPerSession: 5,
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
    [32, [70, 75, 80], true],
    [32, [70, 74, 80], false],
  ])('the throughput at %d at once, %j against 100, meets its goal: %p', (concurrency, rates, met) => {
    const result = summarize(concurrency, 10, rates.map(run), [100, 100, 100].map(run));
    expect(row({ throughput: [result] }, 'operator / probe, ratio').met).toBe(met);
  });
});

describe('memory', () => {
  const options = { pods: 10_000, liveSessions: 1_000, starts: 1, cpuSeconds: 1, restSeconds: 1 };
  const footprint = (withSessions: Footprint['withSessions']): Partial<Results> => ({
    footprint: { options, withPods: { atRest: 150, collected: 100, heap: 20 }, withSessions },
  });

  it('the memory of live sessions counts from a collected heap and includes the garbage of the change', () => {
    const found = row(footprint({ atRest: 104, collected: 102, heap: 21 }), 'per 1,000 live sessions');
    expect(found).toMatchObject({ measured: '4.00 MB (2.00 MB; 1.00 MB)', met: false });
    expect(row(footprint({ atRest: 102, collected: 101, heap: 21 }), 'per 1,000 live sessions').met).toBe(true);
  });

  it('the memory is compared with EphemeralJob only with as many pods', () => {
    const withPods = { atRest: 121, collected: 100, heap: 20 };
    expect(row({ footprint: { options, withPods } }, 'EphemeralJob').met).toBe(true);
    expect(row({ footprint: { options, withPods: { ...withPods, atRest: 122 } } }, 'EphemeralJob').met).toBe(false);
    expect(rowsOf({ footprint: { options: { ...options, pods: 1_000 }, withPods } })).toEqual([]);
  });
});

describe('end minus deadline', () => {
  it('the end minus deadline takes the last moment that a time in whole seconds can mean', () => {
    const realKubelet = { deadlineToFinished: [-1_000, 0, 0], deadlineToSeen: [900, 1_100, 1_200] };
    expect(row({ realKubelet }, 'end minus deadline')).toMatchObject({ measured: '1 s, 1 s', met: true });
    const later = { ...realKubelet, deadlineToFinished: [0, 1_000, 1_000] };
    expect(row({ realKubelet: later }, 'end minus deadline')).toMatchObject({ measured: '2 s, 2 s', met: false });
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

  it('the report takes the largest step that came to rest within 10 s', () => {
    const found = row({ scale: [step(10_000, 4_000), step(20_000, 10_001)] }, 'stored and live sessions');
    expect(found).toMatchObject({ measured: '10000 stored, 1000 live', met: false });
    expect(row({ scale: [step(20_000, 10_000)] }, 'stored and live sessions').met).toBe(true);
  });

  it('the report tells of stored sessions that were written without need', () => {
    expect(row({ scale: [step(20_000, 1, 3)] }, 'without need')).toMatchObject({ measured: '3', met: false });
  });
});
