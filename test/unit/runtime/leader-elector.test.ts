import { describe, expect, it } from '@jest/globals';
import { LeaderElector, type LeaderElectorOptions } from '../../../src/runtime/leader-elector.ts';
import { candidate } from '../../support/world/candidate.ts';
import { FakeClock, settle } from '../../support/fakes/fake-clock.ts';
import { FakeLeaseServer } from '../../support/fakes/fake-lease.ts';

describe('LeaderElector', () => {
  it('the elector takes a missing lease, renews it with one request each period, and gives it back', async () => {
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
    expect(a.story).toEqual(['started 0', 'ended 6000']);
    expect(a.elector.isLeader()).toBe(false);
    expect(server.lease?.spec.holderIdentity).toBeUndefined();
    expect(server.lease?.spec).toMatchObject({ leaseDurationSeconds: 1, leaseTransitions: 0 });
    expect(clock.timers).toBe(0);
  });

  it("the elector takes a lease over when it was silent for its duration by the elector's own clock, and not before", async () => {
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
    await clock.advanceAsync(1);
    expect(a.story).toEqual(['started 15000']);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'a', leaseTransitions: 5 });
    await a.stop();
  });

  it('the elector follows a stopped leader at once, and a dead leader after the lease duration', async () => {
    const clock = new FakeClock();
    const server = new FakeLeaseServer(clock);
    const a = candidate('a', clock, server);
    await clock.advanceAsync(0);
    const b = candidate('b', clock, server);
    await clock.advanceAsync(60_000);
    expect(b.story).toEqual([]);
    await a.stop();
    await clock.advanceAsync(0);
    expect(b.story).toEqual(['started 60000']);

    const c = candidate('c', clock, server);
    b.fate = () => ({ outcome: 'ignored' });
    await clock.advanceAsync(10_000);
    expect(b.story).toEqual(['started 60000', 'ended 70000']);
    expect(c.story).toEqual([]);
    await clock.advanceAsync(5_000);
    expect(c.story).toEqual(['started 75000']);
    await Promise.all([b.stop(), c.stop()]);
  });

  it.each(['refused', 'ignored', 'lost'] as const)(
    'the elector ends its term at the renew deadline when its requests are %s',
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
      expect(a.story).toEqual(['started 0', 'ended 14000']);
      a.fate = () => ({});
      await clock.advanceAsync(8_000);
      expect(a.story.at(-1)).toMatch(/^started/);
      await a.stop();
    },
  );

  it('the elector counts the deadline from the sending of a request, not from its slow answer', async () => {
    const clock = new FakeClock();
    const server = new FakeLeaseServer(clock);
    const a = candidate('a', clock, server);
    a.fate = (verb) => (verb === 'create' ? { back: 4_000 } : verb === 'get' ? {} : { outcome: 'ignored' });
    await clock.advanceAsync(30_000);
    expect(a.story.slice(0, 2)).toEqual(['started 4000', 'ended 10000']);
    await a.stop();
  });

  it('the elector keeps its term through a fault that is shorter than the deadline', async () => {
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

  it('the elector knows after a freeze that its term is over, before any timer has fired', async () => {
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

  it('the elector ends its term at once when another holder has the lease', async () => {
    const clock = new FakeClock();
    const server = new FakeLeaseServer(clock);
    const a = candidate('a', clock, server);
    await clock.advanceAsync(1_000);
    server.put({ holderIdentity: 'thief', leaseDurationSeconds: 15 });
    await clock.advanceAsync(3_000);
    expect(a.story).toEqual(['started 0', 'ended 2000']);
    await a.stop();
    expect(server.lease?.spec.holderIdentity).toBe('thief');
  });

  it('the elector keeps the lease while its work ends, and does not give it back while work goes on', async () => {
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

  it('the elector says how long it still leads', async () => {
    const clock = new FakeClock();
    const a = candidate('a', clock, new FakeLeaseServer(clock));
    expect(a.elector.leftMs).toBe(0);
    await clock.advanceAsync(0);
    expect(a.elector.leftMs).toBe(10_000);
    await clock.advanceAsync(1_500);
    expect(a.elector.leftMs).toBe(8_500);
    await a.stop();
    expect(a.elector.leftMs).toBe(0);
  });

  it('the elector gives the lease back and rejects when the work fails', async () => {
    const clock = new FakeClock();
    const server = new FakeLeaseServer(clock);
    const broken = new Error('broken');
    const a = candidate('a', clock, server, { onStarted: () => Promise.reject(broken) });
    await clock.advanceAsync(1_000);
    await expect(a.stop()).rejects.toBe(broken);
    expect(server.lease?.spec.holderIdentity).toBeUndefined();
  });

  it('the elector refuses durations that cannot work', () => {
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
});
