import { describe, expect, it } from '@jest/globals';
import { candidate, type Candidate } from '../../support/world/candidate.ts';
import { FakeClock } from '../../support/fakes/fake-clock.ts';
import { FakeLeaseServer, type Fate } from '../../support/fakes/fake-lease.ts';

/** A leader and those who would follow it, all with their watches open. */
async function replicas(
  names: string[],
  random: () => number = () => 0,
): Promise<{ clock: FakeClock; server: FakeLeaseServer; all: Candidate[] }> {
  const clock = new FakeClock();
  const server = new FakeLeaseServer(clock);
  const all: Candidate[] = [];
  for (const name of names) {
    all.push(candidate(name, clock, server, { random }));
    await clock.advanceAsync(0);
  }
  return { clock, server, all };
}

const end = (all: Candidate[]): Promise<unknown> => Promise.all(all.map((one) => one.stop()));

describe('a candidate of LeaderElector', () => {
  it('a candidate does not poll while its watch shows that the leader renews', async () => {
    const { clock, server, all } = await replicas(['a', 'b'], () => 0.5);
    await clock.advanceAsync(60_000);
    expect(server.requests.filter((request) => request.startsWith('b'))).toEqual(['b get', 'b list', 'b watch']);
    await end(all);
    expect(clock.timers).toBe(0);
  });

  it('a candidate that finds no leader opens no watch', async () => {
    const { clock, server, all } = await replicas(['a']);
    await clock.advanceAsync(10_000);
    expect(server.requests).not.toContain('a watch');
    await end(all);
  });

  it.each([
    ['given back', (_server: FakeLeaseServer, leader: Candidate) => void leader.stop()],
    ['deleted', (server: FakeLeaseServer) => server.delete()],
    ['emptied by hand', (server: FakeLeaseServer) => server.put({ leaseTransitions: 3 })],
  ])('a candidate takes a lease that is %s within a tenth of a second', async (_how, free) => {
    const { clock, server, all } = await replicas(['a', 'b'], () => 0.9);
    const [a, b] = all as [Candidate, Candidate];
    await clock.advanceAsync(11_000);
    a.fate = (verb) => (verb === 'update' && server.lease?.spec.holderIdentity === 'a' ? {} : { outcome: 'ignored' });
    free(server, a);
    await clock.advanceAsync(89);
    expect(b.story).toEqual([]);
    await clock.advanceAsync(1);
    expect(b.story).toEqual(['started 11090']);
    a.fate = () => ({});
    await end(all);
  });

  it('a candidate counts the silence of a dead leader from the last renewal in its watch', async () => {
    const { clock, all } = await replicas(['a', 'b']);
    const [a, b] = all as [Candidate, Candidate];
    await clock.advanceAsync(10_000);
    a.fate = () => ({ outcome: 'ignored' });
    await clock.advanceAsync(14_999);
    expect(b.story).toEqual([]);
    await clock.advanceAsync(1);
    expect(b.story).toEqual(['started 25000']);
    await end(all);
  });

  it('a lease goes to one of many candidates, and the others neither warn nor hurry', async () => {
    const warnings: string[] = [];
    const logger = {
      debug: () => {},
      info: () => {},
      error: () => {},
      warn: (_: object, words: string) => void warnings.push(words),
    };
    const clock = new FakeClock();
    const server = new FakeLeaseServer(clock);
    const all = ['a', 'b', 'c', 'd'].map((name) => candidate(name, clock, server, { logger }));
    await clock.advanceAsync(5_000);
    expect(all.filter(({ elector }) => elector.isLeader())).toHaveLength(1);
    for (const one of all) one.fate = () => ({ there: 5, back: 5 });
    const leader = all.find(({ elector }) => elector.isLeader());
    void leader?.stop();
    const before = server.requests.length;
    await clock.advanceAsync(1_000);
    expect(all.filter(({ elector }) => elector.isLeader())).toHaveLength(1);
    // The release; of each of the three a read and a write, and at most the same again for the news that came
    // meanwhile.
    expect(server.requests.length - before).toBeLessThanOrEqual(1 + 3 * 4);
    expect(warnings).toEqual([]);
    for (const one of all) one.fate = () => ({});
    await end(all);
  });

  it.each([
    ['opens but says nothing', { outcome: 'ignored' }],
    ['is refused', { outcome: 'refused' }],
    ['breaks at each event', { outcome: 'lost' }],
    ['is an hour late', { back: 3_600_000 }],
  ] as [string, Fate][])('a candidate polls when its watch %s', async (_how, fate) => {
    const clock = new FakeClock();
    const server = new FakeLeaseServer(clock);
    const a = candidate('a', clock, server);
    await clock.advanceAsync(0);
    const b = candidate('b', clock, server, { random: () => 0.99 });
    b.fate = (verb) => (verb === 'watch' || (verb === 'list' && fate.outcome !== 'lost') ? fate : {});
    await clock.advanceAsync(20_000);
    await a.stop();
    const released = clock.monotonic();
    await clock.advanceAsync(4_400);
    expect(b.elector.isLeader()).toBe(true);
    expect(Number(b.story[0]?.split(' ')[1])).toBeGreaterThanOrEqual(released);
    await b.stop();
  });

  it('a candidate does not take a lease that only its watch shows to be free', async () => {
    const { clock, server, all } = await replicas(['a', 'b']);
    const b = all[1] as Candidate;
    await clock.advanceAsync(4_000);
    // The release is seen by the watch, and before the read somebody else has it again.
    b.fate = (verb) => (verb === 'get' ? { there: 50 } : {});
    server.put({ leaseTransitions: 1 });
    server.put({ holderIdentity: 'c', leaseDurationSeconds: 15 });
    await clock.advanceAsync(10_000);
    expect(b.story).toEqual([]);
    expect(b.elector.leader).toBe('c');
    await end(all);
  });

  it('a candidate does not take an old change from its late watch for a new renewal', async () => {
    const { clock, server, all } = await replicas(['x']);
    const x = all[0] as Candidate;
    const b = candidate('b', clock, server);
    b.fate = (verb) => (verb === 'watch' ? { back: 9_000 } : {});
    await clock.advanceAsync(10_000);
    x.fate = () => ({ outcome: 'ignored' });
    // The last renewal was at 10 s; by polling it was seen at once, and the watch brings it again at 19 s.
    await clock.advanceAsync(14_999);
    expect(b.story).toEqual([]);
    await clock.advanceAsync(1_001);
    expect(b.elector.isLeader()).toBe(true);
    await end([x, b]);
  });

  it('a candidate goes on at the pace of polling when it cannot take an expired lease', async () => {
    const { clock, server, all } = await replicas(['x', 'b']);
    const [x, b] = all as [Candidate, Candidate];
    x.fate = () => ({ outcome: 'ignored' });
    b.fate = (verb) => (verb === 'update' ? { outcome: 'refused' } : {});
    await clock.advanceAsync(15_000);
    const before = server.requests.length;
    await clock.advanceAsync(10_000);
    expect(server.requests.slice(before).filter((request) => request === 'b update').length).toBeLessThanOrEqual(5);
    b.fate = () => ({});
    await clock.advanceAsync(2_000);
    expect(b.elector.isLeader()).toBe(true);
    await end(all);
  });
});
