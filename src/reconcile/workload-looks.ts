import type { WorkloadRef } from '../api/debugsession.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Sighting } from '../session/look/sighting.ts';

/** Asks the API server for the pod of a workload. */
export type Resolve = (namespace: string, ref: WorkloadRef, signal: AbortSignal) => Promise<Sighting>;

/**
 * How long an answer other than "there is none yet" is given to others as well, in ms. A pod that was found may go, and
 * a failure may pass; but very many sessions may ask in the same moment.
 */
const SHARED_MS = 1_000;

interface Look {
  /** On the monotonic clock, when the first request was about to be sent: the answer is as old as this. */
  begunAt: number;
  answer: Promise<Sighting>;
  isOver: boolean;
  /** The answer says that there is no pod yet. */
  isUnresolved: boolean;
  /** How many wait for the answer. */
  waiting: number;
  abort: AbortController;
}

/**
 * One look at a workload for all sessions that wait for it. Each says how old an answer may be for it, so the session
 * that has waited for the shortest time decides how often the API server is asked; however many wait, it is asked as if
 * there were this one.
 */
export class WorkloadLooks {
  readonly #resolve: Resolve;
  readonly #clock: Clock;
  readonly #longestMs: number;
  readonly #looks = new Map<string, Look>();

  /** @param options.longestMs the oldest answer that anybody asks for: what is older is forgotten */
  constructor(resolve: Resolve, { clock, longestMs }: { clock: Clock; longestMs: number }) {
    this.#resolve = resolve;
    this.#clock = clock;
    this.#longestMs = longestMs;
  }

  /** How many answers are kept. */
  get size(): number {
    return this.#looks.size;
  }

  /**
   * The pod of the workload, or why there is none.
   * @param oldestMs how old an answer that there is none may be. A look that is under way is waited for in any case
   * @throws what the look throws, and the reason of `signal` when it aborts
   */
  async look(
    namespace: string,
    ref: WorkloadRef,
    { oldestMs, signal }: { oldestMs: number; signal: AbortSignal },
  ): Promise<Sighting> {
    signal.throwIfAborted();
    const key = [namespace, ref.apiVersion, ref.kind, ref.name].join('/');
    const known = this.#looks.get(key);
    const look = known !== undefined && this.#isFresh(known, oldestMs) ? known : this.#begin(key, namespace, ref);
    return waitFor(look, signal);
  }

  #isFresh({ begunAt, isOver, isUnresolved, abort }: Look, oldestMs: number): boolean {
    if (abort.signal.aborted) return false;
    return !isOver || this.#clock.monotonic() - begunAt < (isUnresolved ? oldestMs : SHARED_MS);
  }

  #begin(key: string, namespace: string, ref: WorkloadRef): Look {
    const abort = new AbortController();
    const begunAt = this.#clock.monotonic();
    const answer = this.#resolve(namespace, ref, abort.signal);
    const look: Look = { begunAt, answer, isOver: false, isUnresolved: false, waiting: 0, abort };
    const over = (sighting?: Sighting): void => {
      look.isOver = true;
      look.isUnresolved = sighting?.kind === 'unresolved';
    };
    answer.then(over, () => over());
    this.#forgetOld();
    this.#looks.set(key, look);
    return look;
  }

  /** Nobody says that they wait no more. */
  #forgetOld(): void {
    const now = this.#clock.monotonic();
    for (const [key, { begunAt, isOver }] of this.#looks) {
      if (isOver && now - begunAt >= this.#longestMs) this.#looks.delete(key);
    }
  }
}

/** A look that nobody waits for any more is given up; one who gives up does not take it from the others. */
async function waitFor(look: Look, signal: AbortSignal): Promise<Sighting> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const giveUp = (): void => reject(signal.reason as Error);
  signal.addEventListener('abort', giveUp, { once: true });
  look.waiting += 1;
  try {
    return await Promise.race([look.answer, aborted]);
  } finally {
    signal.removeEventListener('abort', giveUp);
    look.waiting -= 1;
    if (look.waiting === 0 && !look.isOver) look.abort.abort(signal.reason);
  }
}
