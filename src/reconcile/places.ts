import { consequencesOf } from '../session/run/fate.ts';
import type { PolicyLimits } from '../api/debugpolicy.ts';
import type { DebugSession, Run } from '../api/debugsession.ts';
import type { Clock } from '../runtime/clock.ts';
import { keyOf } from '../runtime/store.ts';
import type { Pod } from '../api/pod.ts';
import { isWaiting, UNDER_WAY_MS, wantsStart } from '../session/run/lifecycle.ts';
import { NO_OTHERS, type Others, type Place, type Waiter } from '../session/look/places.ts';
import { placeOf, placesTaken, placeWanted, turnOf, waitsForLimit, whoMayStart } from '../session/start/limits.ts';

/** How long free places are collected before those who wait are looked through, who may be thousands, in ms. */
const WAKE_MS = 50;

/** The answer of a status write was lost. */
interface Doubt {
  /** The version of the session that the write replaces. A later one says whether it has. */
  version: string | undefined;
  /** The write is no longer under way, in ms since the epoch. */
  until: number;
}

export interface PlacesOptions {
  limitsOf: (session: DebugSession) => PolicyLimits;
  /** Called with the key of each session that waits for a limit and may start now. */
  wake: (key: string) => void;
  clock: Clock;
}

/**
 * Who lives and who waits, for the limits of policies: follows the sessions, so that nobody has to be counted twice,
 * and holds the place of a run from the moment that its intent is decided, before anybody can read of it.
 */
export class Places {
  readonly #options: PlacesOptions;
  /**
   * Runs whose container lived or might when they were last heard of, by session: with time alone one may lose its
   * place.
   */
  readonly #living = new Map<string, { run: Run; place: Place }[]>();
  readonly #waiting = new Map<string, DebugSession>();
  /** Where in which pod those would live who wait, as far as their pod was looked at. */
  readonly #chosen = new Map<string, Pick<Place, 'podName' | 'joins'>>();
  /** Who waits, for whatever it is, by requester; and whose each of them is. */
  readonly #queues = new Map<string, Set<string>>();
  readonly #queueOf = new Map<string, string>();
  /** Every run with a container, by the name of that; and which they are of a session. */
  readonly #runs = new Map<string, Run>();
  readonly #namesOf = new Map<string, string[]>();
  readonly #claims = new Map<string, { run: Run; place: Place }>();
  readonly #doubts = new Map<string, Doubt>();
  #isWaking = false;

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** Takes a session as it is now; undefined: it is no more. */
  follow(key: string, session: DebugSession | undefined): void {
    const [lived, waited] = [this.#living.get(key)?.length ?? 0, this.#waiting.has(key)];
    if (session === undefined) {
      this.#doubts.delete(key);
      this.#release(key);
    }
    this.#followRuns(key, session?.status?.runs ?? []);
    const lives = this.#followPlace(key, session);
    this.#followWait(key, session);
    const hasLeftLine = waited && !this.#waiting.has(key);
    if (lives < lived || (hasLeftLine && lives === 0)) this.#wake();
  }

  #followWait(key: string, session: DebugSession | undefined): void {
    this.#enqueue(key, session !== undefined && wantsStart(session) && isWaiting(session) ? session : undefined);
    this.#waiting.delete(key);
    if (session !== undefined && waitsForLimit(session)) this.#waiting.set(key, session);
    else this.#chosen.delete(key);
  }

  /** The place of a run whose intent is about to be written. */
  claim(session: DebugSession, run: Run): void {
    this.#claims.set(keyOf(session), { run, place: placeOf(session, run) });
  }

  /** The answer of a status write was lost. A refusal of the next try does not prove that the first one failed. */
  doubt(session: DebugSession): void {
    const until = this.#options.clock.now() + UNDER_WAY_MS;
    this.#doubts.set(keyOf(session), { version: session.metadata.resourceVersion, until });
  }

  /** How long yet a write that replaces this very version may be under way, in ms. */
  #doubtAbout(session: DebugSession): number {
    const { version, until = 0 } = this.#doubts.get(keyOf(session)) ?? {};
    if (version === session.metadata.resourceVersion) return Math.max(0, until - this.#options.clock.now());
    this.#doubts.delete(keyOf(session));
    return 0;
  }

  /** A session is about to be told that it waits. */
  claimWait(session: DebugSession): void {
    this.#enqueue(keyOf(session), session);
  }

  /** It was not told, as far as the last answer says. */
  unclaimWait(session: DebugSession): void {
    if (this.#doubtAbout(session) === 0) this.#enqueue(keyOf(session), undefined);
  }

  /** The intent is written, and the session followed. */
  settle(session: DebugSession): void {
    this.#release(keyOf(session));
  }

  /** The intent was not written, as far as the last answer says. */
  unclaim(session: DebugSession): void {
    const key = keyOf(session);
    const claim = this.#claims.get(key);
    const doubtMs = this.#doubtAbout(session);
    if (claim === undefined || doubtMs === 0) return this.#release(key);
    this.#options.clock.setTimer(doubtMs, () => {
      if (this.#claims.get(key) === claim) this.#release(key);
    });
  }

  #release(key: string): void {
    if (this.#claims.delete(key) && !this.#living.has(key)) this.#wake();
  }

  /**
   * Who counts beside this session.
   * @param pod the one that it would be injected into
   */
  othersFor(session: DebugSession, pod: Pod | undefined): Others {
    const own = keyOf(session);
    const waiting = (): number => this.#waitBeside(own, session);
    if (Object.keys(this.#options.limitsOf(session)).length === 0) return { ...NO_OTHERS, waiting };
    if (pod !== undefined && wantsStart(session)) {
      const { podName, joins } = placeWanted(session, pod);
      this.#chosen.set(own, { ...(podName !== undefined && { podName }), ...(joins !== undefined && { joins }) });
    }
    // Who does not wait yet comes after all who do.
    const turn = turnOf(session);
    const ahead = (): Waiter[] =>
      this.#line(([key, other]) => key !== own && (turn === undefined || (turnOf(other) ?? '') < turn));
    const now = this.#options.clock.now();
    const isKnownOver = (name: string): boolean => {
      const run = this.#runs.get(name);
      return run !== undefined && !consequencesOf(run, now).holdsPlace;
    };
    return { taken: () => this.#taken(own), ahead, isOver: isKnownOver, waiting };
  }

  #waitBeside(own: string, { spec }: DebugSession): number {
    const queue = this.#queues.get(spec.requestedBy?.username ?? '');
    return queue === undefined ? 0 : queue.size - (queue.has(own) ? 1 : 0);
  }

  /** @param session that waits under this key; undefined: none does */
  #enqueue(key: string, session: DebugSession | undefined): void {
    const before = this.#queueOf.get(key);
    const user = session?.spec.requestedBy?.username;
    if (before === user) return;
    if (before !== undefined) {
      const queue = this.#queues.get(before);
      queue?.delete(key);
      if (queue?.size === 0) this.#queues.delete(before);
      this.#queueOf.delete(key);
    }
    if (user === undefined) return;
    this.#queueOf.set(key, user);
    this.#queues.set(user, (this.#queues.get(user) ?? new Set()).add(key));
  }

  /** How many runs of it live, or may. */
  #followPlace(key: string, session: DebugSession | undefined): number {
    this.#living.delete(key);
    const taken = session === undefined ? [] : placesTaken(session, this.#options.clock.now());
    if (taken.length > 0) this.#living.set(key, taken);
    return taken.length;
  }

  #followRuns(key: string, runs: readonly Run[]): void {
    for (const name of this.#namesOf.get(key) ?? []) this.#runs.delete(name);
    this.#namesOf.delete(key);
    const named = runs.flatMap((run) =>
      run.debugContainerName === undefined ? [] : ([[run.debugContainerName, run]] as const),
    );
    if (named.length === 0) return;
    for (const [name, run] of named) this.#runs.set(name, run);
    this.#namesOf.set(
      key,
      named.map(([name]) => name),
    );
  }

  #taken(except?: string): Place[] {
    const now = this.#options.clock.now();
    const places: Place[] = [];
    for (const [key, taken] of this.#living) {
      if (key === except) continue;
      const claimed = this.#claims.get(key)?.run.attempt;
      for (const { run, place } of taken)
        if (run.attempt !== claimed && consequencesOf(run, now).holdsPlace) places.push(place);
    }
    for (const [key, { place }] of this.#claims) if (key !== except) places.push(place);
    return places;
  }

  #line(belongs: (entry: [string, DebugSession]) => boolean = () => true): Waiter[] {
    const turns = [...this.#waiting]
      .filter(belongs)
      .map(([key, session]) => ({ key, session, turn: turnOf(session) ?? '' }));
    turns.sort((one, other) => (one.turn < other.turn ? -1 : 1));
    return turns.map(({ key, session }) => {
      const place = { ...placeWanted(session), ...this.#chosen.get(key) };
      return { key, ...place, limits: this.#options.limitsOf(session) };
    });
  }

  /** Once for all that changes within a moment. */
  #wake(): void {
    if (this.#isWaking || this.#waiting.size === 0) return;
    this.#isWaking = true;
    this.#options.clock.setTimer(WAKE_MS, () => {
      this.#isWaking = false;
      for (const waiter of whoMayStart(this.#taken(), this.#line())) this.#options.wake(waiter.key);
    });
  }
}
