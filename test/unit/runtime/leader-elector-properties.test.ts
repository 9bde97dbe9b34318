import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { candidate, type Candidate } from '../../support/world/candidate.ts';
import { DriftingClock } from '../../support/fakes/drifting-clock.ts';
import { FakeClock } from '../../support/fakes/fake-clock.ts';
import { FakeLeaseServer, type Fate } from '../../support/fakes/fake-lease.ts';

/** Of what happens to requests, lists and watches: slow, late, refused, hanging, carried out without an answer. */
const fate = fc.record({
  there: fc.nat(12_000),
  back: fc.nat(12_000),
  outcome: fc.constantFrom('answered', 'answered', 'answered', 'lost', 'refused', 'ignored'),
} as const);
const fates = fc.array(fc.option(fate, { freq: 2 }), { maxLength: 25 });

/** One process. A lease of 15 s and a deadline of 10 s bear clocks whose rates differ by less than half. */
const machine = fc.record({
  rate: fc.double({ min: 0.85, max: 1.2, noNaN: true }),
  random: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 5 }),
  calls: fates,
  watches: fates,
  frozen: fc.option(fc.record({ at: fc.nat(100_000), ms: fc.integer({ min: 1_000, max: 40_000 }) })),
});
type Machine = typeof machine extends fc.Arbitrary<infer M> ? M : never;

interface Replica extends Candidate {
  name: string;
  clock: DriftingClock;
  /** From now on all its requests are answered at once. */
  heal: () => void;
}

function replica(name: string, base: FakeClock, server: FakeLeaseServer, { rate, random, ...spec }: Machine): Replica {
  const clock = new DriftingClock(base, rate);
  const calls = [...spec.calls];
  const watches = [...spec.watches];
  let turn = 0;
  const next = (): number => random[turn++ % random.length] ?? 0;
  const one = candidate(name, clock, server, { random: next });
  one.fate = (verb): Fate => (verb === 'list' || verb === 'watch' ? watches : calls).shift() ?? {};
  return Object.assign(one, { name, clock, heal: () => (calls.length = watches.length = 0) });
}

describe('LeaderElector with any network and clocks', () => {
  it('the leader elector never has two leaders, and has a leader again when the faults are over', async () => {
    await fc.assert(
      fc.asyncProperty(fc.tuple(machine, machine, machine), async (machines) => {
        const base = new FakeClock();
        const server = new FakeLeaseServer(base);
        const all = machines.map((one, index) => replica('abc'.charAt(index), base, server, one));
        const leaders = (): Replica[] => all.filter(({ elector }) => elector.isLeader());
        const wrongs: string[] = [];
        // The most dangerous moment: somebody is being made the holder.
        server.onStore = ({ spec: { holderIdentity } }) => {
          const rivals = leaders().filter(({ name }) => name !== holderIdentity);
          if (holderIdentity && rivals.length > 0) wrongs.push(`${base.monotonic()}: ${rivals[0]?.name} still leads`);
        };
        for (const [index, { frozen }] of machines.entries()) {
          if (frozen) base.setTimer(frozen.at, () => all[index]?.clock.freeze(frozen.ms));
        }
        for (let ms = 0; ms < 120_000; ms += 500) {
          await base.advanceAsync(500);
          if (leaders().length > 1) wrongs.push(`${ms}: two leaders`);
        }
        for (const one of all) one.heal();
        // What hangs is given up after half a deadline, a frozen one has 20 s more, and then a lease may have to run
        // out.
        await base.advanceAsync(60_000);
        expect(wrongs).toEqual([]);
        expect(leaders()).toHaveLength(1);
        const stopping = all.map((one) => one.stop());
        await base.advanceAsync(1);
        await Promise.all(stopping);
        expect(server.lease?.spec.holderIdentity).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  }, 30_000);

  it('a candidate takes a returned lease at once by a working watch, else at the next poll', async () => {
    const soon = { there: fc.nat(50), back: fc.nat(50) };
    const works = fc.record(soon).map((watch: Fate) => ({ watch, withinMs: 500 }));
    const broken = fc
      .constantFrom<Fate[]>({ outcome: 'ignored' }, { outcome: 'refused' }, { outcome: 'lost' }, { back: 60_000 })
      .map((watch) => ({ watch, withinMs: 2.2 * 2_000 + 200 }));
    const property = fc.asyncProperty(
      fc.oneof(works, broken),
      fc.record(soon),
      machine,
      fc.integer({ min: 1_000, max: 90_000 }),
      async ({ watch, withinMs }, call, spec, stopAt) => {
        const base = new FakeClock();
        const server = new FakeLeaseServer(base);
        const leader = candidate('a', base, server);
        await base.advanceAsync(0);
        const standby = replica('b', base, server, { ...spec, frozen: null });
        standby.fate = (verb) => (verb === 'watch' ? watch : call);
        await base.advanceAsync(stopAt);
        expect(standby.story).toEqual([]);
        await leader.stop();
        await base.advanceAsync(withinMs / spec.rate);
        expect(standby.elector.isLeader()).toBe(true);
        standby.fate = () => ({});
        await standby.stop();
      },
    );
    await fc.assert(property, { numRuns: 100 });
  }, 30_000);
});
