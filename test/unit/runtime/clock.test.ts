import { describe, expect, it, jest } from '@jest/globals';
import { sleep, systemClock } from '../../../src/runtime/clock.ts';
import { FakeClock } from '../../support/fakes/fake-clock.ts';

describe('systemClock', () => {
  it('the system clock cuts a delay longer than 2^31-1 ms into pieces', () => {
    jest.useFakeTimers();
    try {
      const fired = jest.fn();
      const days = 24 * 3600 * 1000;
      systemClock.setTimer(60 * days, fired);
      jest.advanceTimersByTime(60 * days - 1);
      expect(fired).not.toHaveBeenCalled();
      jest.advanceTimersByTime(1);
      expect(fired).toHaveBeenCalledTimes(1);
    } finally {
      jest.useRealTimers();
    }
  });

  it('the system clock cancels a timer, also between two pieces', () => {
    jest.useFakeTimers();
    try {
      const fired = jest.fn();
      const timer = systemClock.setTimer(2 ** 32, fired);
      jest.advanceTimersByTime(2 ** 31 + 5);
      timer.cancel();
      jest.advanceTimersByTime(2 ** 33);
      expect(fired).not.toHaveBeenCalled();
      expect(jest.getTimerCount()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('sleep', () => {
  it('a sleep ends with its time or with the signal, and leaves no timer', async () => {
    const clock = new FakeClock();
    const controller = new AbortController();
    const done: string[] = [];
    void sleep(clock, 10, controller.signal).then(() => done.push('ten'));
    void sleep(clock, 1000, controller.signal).then(() => done.push('aborted'));
    await clock.advanceAsync(10);
    expect(done).toEqual(['ten']);
    controller.abort();
    await clock.advanceAsync(0);
    expect(done).toEqual(['ten', 'aborted']);
    expect(clock.timers).toBe(0);
    await sleep(clock, 1000, controller.signal);
  });
});

describe('FakeClock', () => {
  it('the fake clock runs timers in the order they are due, each at its moment', () => {
    const clock = new FakeClock(0);
    const seen: string[] = [];
    clock.setTimer(20, () => seen.push(`late ${clock.now()}`));
    clock.setTimer(10, () => {
      seen.push(`early ${clock.now()}`);
      clock.setTimer(5, () => seen.push(`nested ${clock.now()}`));
    });
    clock.advance(30);
    expect(seen).toEqual(['early 10', 'nested 15', 'late 20']);
    expect(clock.monotonic()).toBe(30);
  });
});
