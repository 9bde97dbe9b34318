import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LeaderElector } from '../../../src/runtime/leader-elector.ts';
import type { LeaderElectorOptions } from '../../../src/runtime/leader-elector.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { FakeLeaseServer } from '../../support/fake-lease.ts';
import type { Fate } from '../../support/fake-lease.ts';

interface Candidate {
  elector: LeaderElector;
  /** What happened to it, with the time in ms. */
  story: string[];
  fate: (verb: string) => Fate;
  stop: () => Promise<void>;
}

function candidate(
  name: string,
  clock: FakeClock,
  server: FakeLeaseServer,
  more: Partial<LeaderElectorOptions> = {},
): Candidate {
  const story: string[] = [];
  const controller = new AbortController();
  const elector = new LeaderElector({
    port: server.port(name, (verb) => self.fate(verb)),
    identity: name,
    clock,
    random: () => 0,
    onStarted: (signal) => {
      story.push(`started ${clock.monotonic()}`);
      return new Promise((resolve) => {
        const end = (): void => {
          story.push(`ended ${clock.monotonic()}`);
          resolve();
        };
        if (signal.aborted) end();
        signal.addEventListener('abort', end);
      });
    },
    onStopped: () => story.push(`stopped ${clock.monotonic()}`),
    ...more,
  });
  const self: Candidate = {
    elector,
    story,
    fate: () => ({}),
    stop: () => {
      controller.abort(new Error('stop'));
      return running;
    },
  };
  const running = elector.run(controller.signal);
  running.catch(() => undefined);
  return self;
}

describe('LeaderElector', () => {
  it('takes a lease that does not exist, renews it with one request each period, and gives it back', async () => {
    const clock = new FakeClock(Date.parse('2026-03-01T10:00:00Z'));
    const server = new FakeLeaseServer(clock);
    const a = candidate('a', clock, server);
    await clock.advanceAsync(0);
    expect(a.elector.isLeader()).toBe(true);
    expect(server.lease?.spec).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: '2026-03-01T10:00:00.000000Z',
      renewTime: '2026-03-01T10:00:00.000000Z',
      leaseTransitions: 0,
    });
    await clock.advanceAsync(6_000);
    expect(server.requests).toEqual(['a get', 'a create', 'a update', 'a update', 'a update']);
    expect(server.lease?.spec).toMatchObject({
      acquireTime: '2026-03-01T10:00:00.000000Z',
      renewTime: '2026-03-01T10:00:06.000000Z',
    });
    await a.stop();
    expect(a.story).toEqual(['started 0', 'ended 6000', 'stopped 6000']);
    expect(a.elector.isLeader()).toBe(false);
    expect(server.lease?.spec.holderIdentity).toBeUndefined();
    expect(server.lease?.spec).toMatchObject({ leaseDurationSeconds: 1, leaseTransitions: 0 });
    expect(clock.timers).toBe(0);
  });

  it('takes a lease over when it was silent for its duration by our own clock, and not before', async () => {
    const clock = new FakeClock();
    const server = new FakeLeaseServer(clock);
    // Written by a clock that is a year ahead: that must not matter.
    await server.port('x').create(
      {
        holderIdentity: 'x',
        leaseDurationSeconds: 15,
        renewTime: '2027-01-01T00:00:00.000000Z',
        leaseTransitions: 4,
      },
      new AbortController().signal,
    );
    const a = candidate('a', clock, server);
    await clock.advanceAsync(14_999);
    expect(a.elector.isLeader()).toBe(false);
    expect(a.elector.leader).toBe('x');
    await clock.advanceAsync(1_001);
    expect(a.story).toEqual(['started 16000']);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'a', leaseTransitions: 5 });
    await a.stop();
  });

  it('follows a leader that stops at its next try, and one that dies after the lease duration', async () => {
    const clock = new FakeClock();
    const server = new FakeLeaseServer(clock);
    const a = candidate('a', clock, server);
    await clock.advanceAsync(0);
    const b = candidate('b', clock, server);
    await clock.advanceAsync(60_000);
    expect(b.story).toEqual([]);
    await a.stop();
    await clock.advanceAsync(2_000);
    expect(b.story).toEqual(['started 62000']);

    const c = candidate('c', clock, server);
    b.fate = () => ({ outcome: 'ignored' });
    await clock.advanceAsync(10_000);
    expect(b.story).toEqual(['started 62000', 'ended 72000', 'stopped 72000']);
    expect(c.story).toEqual([]);
    await clock.advanceAsync(7_000);
    expect(c.elector.isLeader()).toBe(true);
    await Promise.all([b.stop(), c.stop()]);
  });

  it.each(['refused', 'ignored', 'lost'] as const)(
    'ends its term at the renew deadline: requests %s',
    async (outcome) => {
      const clock = new FakeClock();
      const server = new FakeLeaseServer(clock);
      const a = candidate('a', clock, server);
      await clock.advanceAsync(4_000);
      a.fate = () => ({ outcome });
      await clock.advanceAsync(9_999);
      expect(a.elector.isLeader()).toBe(true);
      await clock.advanceAsync(1);
      expect(a.elector.isLeader()).toBe(false);
      expect(a.story).toEqual(['started 0', 'ended 14000', 'stopped 14000']);
      a.fate = () => ({});
      await clock.advanceAsync(8_000);
      expect(a.story.at(-1)).toMatch(/^started/);
      await a.stop();
    },
  );

  it('counts the deadline from when the request was sent, not from its slow answer', async () => {
    const clock = new FakeClock();
    const server = new FakeLeaseServer(clock);
    const a = candidate('a', clock, server);
    a.fate = (verb) => (verb === 'create' ? { back: 4_000 } : verb === 'get' ? {} : { outcome: 'ignored' });
    await clock.advanceAsync(30_000);
    expect(a.story.slice(0, 2)).toEqual(['started 4000', 'ended 10000']);
    await a.stop();
  });

  it('bridges a fault that is shorter than the deadline', async () => {
    const clock = new FakeClock();
    const server = new FakeLeaseServer(clock);
    const a = candidate('a', clock, server);
    await clock.advanceAsync(1_000);
    a.fate = () => ({ outcome: 'lost' });
    await clock.advanceAsync(7_000);
    a.fate = () => ({});
    await clock.advanceAsync(60_000);
    expect(a.story).toEqual(['started 0']);
    await a.stop();
  });

  it('knows that its time is over after a freeze, before anything else has run', async () => {
    const clock = new FakeClock();
    const frozen = new FakeClock();
    const server = new FakeLeaseServer(clock);
    const a = candidate('a', frozen, server);
    await settle();
    expect(a.elector.isLeader()).toBe(true);
    // The process wakes up later, and no timer of it has fired yet.
    const monotonic = frozen.monotonic.bind(frozen);
    frozen.monotonic = () => monotonic() + 10_000;
    expect(a.elector.isLeader()).toBe(false);
    frozen.monotonic = monotonic;
    await a.stop();
  });

  it('ends its term at once when somebody else holds the lease', async () => {
    const clock = new FakeClock();
    const server = new FakeLeaseServer(clock);
    const a = candidate('a', clock, server);
    await clock.advanceAsync(1_000);
    server.lease = { metadata: { resourceVersion: '99' }, spec: { holderIdentity: 'thief', leaseDurationSeconds: 15 } };
    await clock.advanceAsync(3_000);
    expect(a.story).toEqual(['started 0', 'ended 4000', 'stopped 4000']);
    await a.stop();
    expect(server.lease.spec.holderIdentity).toBe('thief');
  });

  it('keeps the lease while its work ends, and does not give it back under work that goes on', async () => {
    const clock = new FakeClock();
    const server = new FakeLeaseServer(clock);
    let ms = 3_000;
    const slow = (): Promise<void> => new Promise((resolve) => clock.setTimer(ms, resolve));
    const onStarted = (signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => signal.addEventListener('abort', () => void slow().then(resolve)));
    const a = candidate('a', clock, server, { onStarted });
    await clock.advanceAsync(0);
    const stopping = a.stop();
    await clock.advanceAsync(2_999);
    expect(server.lease?.spec.holderIdentity).toBe('a');
    await clock.advanceAsync(1);
    await stopping;
    expect(server.lease?.spec.holderIdentity).toBeUndefined();

    ms = 30_000;
    const b = candidate('b', clock, server, { onStarted });
    await clock.advanceAsync(2_000);
    void b.stop();
    await clock.advanceAsync(29_000);
    expect(b.elector.isLeader()).toBe(false);
    expect(server.lease?.spec.holderIdentity).toBe('b');
    await clock.advanceAsync(30_000);
  });

  it('gives the lease back and rejects when the work fails', async () => {
    const clock = new FakeClock();
    const server = new FakeLeaseServer(clock);
    const broken = new Error('broken');
    const a = candidate('a', clock, server, { onStarted: () => Promise.reject(broken) });
    await clock.advanceAsync(1_000);
    await expect(a.stop()).rejects.toBe(broken);
    expect(server.lease?.spec.holderIdentity).toBeUndefined();
  });

  it('refuses durations that cannot work', () => {
    const clock = new FakeClock();
    const make = (more: Partial<LeaderElectorOptions>) => () =>
      new LeaderElector({
        port: new FakeLeaseServer(clock).port('a'),
        identity: 'a',
        onStarted: () => undefined,
        ...more,
      });
    expect(make({ renewDeadlineMs: 15_000 })).toThrow('must be more than renewDeadlineMs');
    expect(make({ retryPeriodMs: 9_000 })).toThrow('must be more than 1.2 x retryPeriodMs');
    expect(make({ identity: '' })).toThrow('identity');
  });

  it('never has two leaders, whatever the network does, and has one again when it recovers', async () => {
    const fate = fc.record({
      there: fc.nat(12_000),
      back: fc.nat(12_000),
      outcome: fc.constantFrom('answered', 'answered', 'answered', 'lost', 'refused', 'ignored'),
    });
    const fates = fc.array(fc.option(fate, { freq: 2 }), { maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(fates, fates, fc.nat(30_000), async (fatesOfA, fatesOfB, stopAfter) => {
        const clock = new FakeClock();
        const server = new FakeLeaseServer(clock);
        const a = candidate('a', clock, server);
        const b = candidate('b', clock, server);
        a.fate = () => fatesOfA.shift() ?? {};
        b.fate = () => fatesOfB.shift() ?? {};
        const both = (): boolean => a.elector.isLeader() && b.elector.isLeader();
        for (let ms = 0; ms < 120_000; ms += 500) {
          await clock.advanceAsync(500);
          expect(both()).toBe(false);
        }
        fatesOfA.length = fatesOfB.length = 0;
        await clock.advanceAsync(stopAfter + 40_000);
        expect(a.elector.isLeader() !== b.elector.isLeader()).toBe(true);
        const [leader, other] = a.elector.isLeader() ? [a, b] : [b, a];
        const stopped = leader.stop();
        await clock.advanceAsync(2_500);
        await stopped;
        expect(other.elector.isLeader()).toBe(true);
        const last = other.stop();
        await clock.advanceAsync(1);
        await last;
      }),
      { numRuns: 100 },
    );
  }, 30_000);
});
