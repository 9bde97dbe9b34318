import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Informer } from '../../../src/runtime/informer.ts';
import { compareResourceVersions } from '../../../src/runtime/resource-version.ts';
import type { Store, Stored } from '../../../src/runtime/store.ts';
import { FakeClock } from '../../support/fakes/fake-clock.ts';
import { ModelSource, versions, type Breakdown, type Refusal } from '../../support/world/model-source.ts';

const RUNS = {
  numRuns: Number(process.env['PROPERTY_RUNS'] ?? 150),
  seed: Number(process.env['PROPERTY_SEED'] ?? 20_261_121),
};
/** Longer than a silent watch lives and the longest pause lasts, several times. */
const LONG_MS = 900_000;

type Move =
  | { kind: 'put' | 'remove'; name: string }
  /** A write of our own, whose answer takes a while; `let go` is one after which the object is gone. */
  | { kind: 'write' | 'let go'; name: string; answerMs: number }
  | { kind: 'bookmark' | 'compact' }
  | { kind: 'break'; how: Breakdown }
  | { kind: 'refuse'; what: 'list' | 'watch'; how: Refusal };

const name = fc.constantFrom('a', 'b', 'c', 'd');
const ms = fc.constantFrom(0, 1, 5, 20, 300, 4_000, 160_000);
const move: fc.Arbitrary<Move> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constantFrom('put' as const, 'remove' as const), name }), weight: 4 },
  {
    arbitrary: fc.record({
      kind: fc.constantFrom('write' as const, 'let go' as const),
      name,
      answerMs: fc.constantFrom(0, 3, 7, 200),
    }),
    weight: 4,
  },
  fc.record({ kind: fc.constantFrom('bookmark' as const, 'compact' as const) }),
  {
    arbitrary: fc.record({
      kind: fc.constant('break' as const),
      how: fc.constantFrom<Breakdown[]>('close', 'reset', 'gone', 'internal', 'freeze', 'replay'),
    }),
    weight: 3,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant('refuse' as const),
      what: fc.constantFrom('list' as const, 'watch' as const),
      how: fc.constantFrom<Refusal[]>(401, 410, 429, 500, 504, 'hang', 'stale'),
    }),
    weight: 2,
  },
);

/** An informer on a server that misbehaves, with all that must hold at every moment. */
class Play {
  readonly clock = new FakeClock();
  readonly source = new ModelSource(this.clock);
  readonly store: Store<Stored>;
  readonly #informer: Informer<Stored>;
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;
  readonly #told = new Map<string, string>();
  /** What our own writes were answered. */
  readonly #written = new Map<string, number>();
  /** The uids of what our own writes have let go. */
  readonly #gone = new Set<string>();

  constructor(random: () => number) {
    const { clock, source } = this;
    this.#informer = new Informer<Stored>({ name: 'things', source, clock, random, pageSize: 2 });
    this.store = this.#informer.store;
    this.store.onChange((type, key, { metadata }) => this.#hear(type, key, metadata));
    this.#running = this.#informer.run(this.#abort.signal);
  }

  make(next: Move): void {
    switch (next.kind) {
      case 'write': {
        const answer = this.source.put(next.name);
        this.clock.setTimer(next.answerMs, () => this.#answer(answer));
        return;
      }
      case 'let go': {
        const answer = this.source.remove(next.name);
        if (answer) this.clock.setTimer(next.answerMs, () => this.#letGo(answer));
        return;
      }
      case 'put':
        return void this.source.put(next.name);
      case 'remove':
        return void this.source.remove(next.name);
      case 'break':
        return this.source.break(next.how);
      case 'refuse':
        return this.source.refuse(next.what, next.how);
      default:
        return this.source[next.kind]();
    }
  }

  /** A reader after a write of ours never finds an older object, and none only when it was deleted after that write. */
  check(): void {
    for (const [key, version] of this.#written) {
      const found = this.store.get(key);
      expect(Number(found?.metadata.resourceVersion ?? this.source.deletedAt(key))).toBeGreaterThanOrEqual(version);
    }
  }

  async stop(): Promise<void> {
    this.#abort.abort(new Error('stop'));
    const before = this.source.requests;
    this.source.put('a');
    await this.clock.advanceAsync(0);
    await this.#running;
    expect([this.clock.timers, this.source.openWatches, this.source.requests]).toEqual([0, 0, before]);
  }

  #answer(answer: Stored): void {
    this.store.upsert(answer);
    const key = answer.metadata.name;
    this.#written.set(key, Math.max(this.#written.get(key) ?? 0, Number(answer.metadata.resourceVersion)));
    this.check();
  }

  #letGo(answer: Stored): void {
    this.store.forget(answer);
    this.#gone.add(answer.metadata.uid);
  }

  #hear(type: string, key: string, { uid, resourceVersion: version }: Stored['metadata']): void {
    if (type !== 'DELETED' && this.#gone.has(uid)) this.#told.set('risen from the dead', `${type} ${key} ${version}`);
    if (this.#abort.signal.aborted) this.#told.set('after the stop', version);
    const order = compareResourceVersions(version, this.#told.get(key) ?? '0');
    // A deletion that a list brings has the last version known.
    if (order < 0 || (order === 0 && type !== 'DELETED')) this.#told.set('out of order', `${type} ${key} ${version}`);
    this.#told.set(key, version);
  }

  get wrongs(): unknown[] {
    const kinds = ['after the stop', 'out of order', 'risen from the dead'];
    return kinds.map((kind) => this.#told.get(kind)).filter((wrong) => wrong !== undefined);
  }
}

it('the informer reaches the state of the server, only forwards and never behind its own writes, after any faults', async () => {
  const story = fc.array(fc.tuple(move, ms), { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(story, fc.double({ min: 0, max: 0.999, noNaN: true }), async (moves, chance) => {
      const play = new Play(() => chance);
      for (const [next, wait] of moves) {
        play.make(next);
        await play.clock.advanceAsync(wait);
        play.check();
      }
      play.source.heal();
      await play.clock.advanceAsync(LONG_MS);
      play.check();
      expect(versions(play.store.list())).toEqual(play.source.state);
      // And it goes on listening, once.
      play.source.put('a');
      await play.clock.advanceAsync(1_000);
      expect([versions(play.store.list()), play.source.openWatches]).toEqual([play.source.state, 1]);
      await play.stop();
      expect(play.wrongs).toEqual([]);
    }),
    RUNS,
  );
}, 120_000);

it('the informer can be stopped at any moment', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 8 }), fc.nat(400), async (moves, at) => {
      const play = new Play(() => 0.5);
      for (const next of moves) play.make(next);
      await play.clock.advanceAsync(at);
      // The answers of our writes are not the informer's.
      await play.clock.advanceAsync(200);
      await play.stop();
      expect(play.wrongs).toEqual([]);
    }),
    RUNS,
  );
}, 120_000);
