import { apiAnswer, needsAPerson } from './api-answer.ts';
import type { Clock, Timer } from './clock.ts';
import { sleep, systemClock } from './clock.ts';
import type { Lease, LeasePort, LeaseSpec } from './lease.ts';
import { acquired, released, renewed } from './lease.ts';
import { jitterFactor, LeaseObserver } from './lease-observer.ts';
import type { Logger } from './logger.ts';
import { silentLogger } from './logger.ts';
import { errorMessage } from './error-message.ts';
import { NotLeaderError } from './not-leader-error.ts';

export interface LeaderElectorOptions {
  port: LeasePort;
  /** Unique among all processes ever, such as the pod's name and a random part. */
  identity: string;
  /**
   * The work of a leader. It must do nothing more once `signal` aborts, and settle when it has ended: the lease is
   * given back after that. When it rejects before, the term ends and `run` rejects.
   */
  onStarted: (signal: AbortSignal) => Promise<void> | void;
  /** How long others wait after the last renewal they saw. Default 15,000 ms. */
  leaseDurationMs?: number;
  /** A leader that could not renew for so long is none. Default 10,000 ms. */
  renewDeadlineMs?: number;
  /** Between two tries. Default 2,000 ms. */
  retryPeriodMs?: number;
  clock?: Clock;
  logger?: Logger;
  random?: () => number;
}

/**
 * One leader at a time by a coordination.k8s.io Lease: client-go's leaderelection with ReleaseOnCancel. Candidates
 * watch the Lease instead of polling it, so that one that is given back is taken at once (docs/adr/0009). Two things
 * are stricter: the deadline of a leader counts from when its last successful renewal was *sent*, not answered, on a
 * monotonic clock; and `isLeader` looks at that clock each time, so a process that was frozen knows at once that its
 * time is over (not so a suspended machine, whose clock stood still). Others count `leaseDuration` from when they *saw*
 * the renewal, which is later, so as long as the clocks run at about the same rate there is never a second leader. The
 * server does not know of any of this (no fencing): ask `isLeader` before each write is sent.
 */
export class LeaderElector {
  readonly #options: LeaderElectorOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #leaseDurationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryPeriodMs: number;
  readonly #observer: LeaseObserver;
  /** As we read or wrote it last; undefined: read it before the next write. */
  #lease: Lease | undefined;
  #held = false;
  /** The words of the last failure, until a try went through. */
  #failure: string | undefined;
  /** Monotonic ms up to which we are the leader, if the lease is held. */
  #deadline = -Infinity;

  /** @throws Error for durations that cannot work (client-go's rules) */
  constructor(options: LeaderElectorOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#leaseDurationMs = options.leaseDurationMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryPeriodMs = options.retryPeriodMs ?? 2_000;
    if (!options.identity) throw new Error('leader election needs an identity');
    if (this.#leaseDurationMs <= this.#renewDeadlineMs) {
      throw new Error(
        `leaseDurationMs ${this.#leaseDurationMs} must be more than renewDeadlineMs ${this.#renewDeadlineMs}`,
      );
    }
    if (this.#renewDeadlineMs <= jitterFactor * this.#retryPeriodMs) {
      throw new Error(`renewDeadlineMs ${this.#renewDeadlineMs} must be more than ${jitterFactor} x retryPeriodMs`);
    }
    this.#observer = new LeaseObserver({
      source: options.port.source,
      retryPeriodMs: this.#retryPeriodMs,
      clock: this.#clock,
      logger: this.#logger,
      random: options.random ?? Math.random,
    });
  }

  /** Whether we may act as the leader at this very moment. */
  isLeader(): boolean {
    return this.leftMs > 0;
  }

  /** How long we are still the leader without another renewal, ms. */
  get leftMs(): number {
    return this.#held ? Math.max(0, this.#deadline - this.#clock.monotonic()) : 0;
  }

  /** Who held the lease when it was last seen; undefined: nobody. */
  get leader(): string | undefined {
    return this.#observer.holder;
  }

  /**
   * Campaigns, and leads until `signal` aborts; then the work is ended and the lease is given back, so that the next
   * leader need not wait. After a lost term it may be called again.
   * @throws NotLeaderError when the lease was lost
   * @throws what `onStarted` rejects with
   */
  async run(signal: AbortSignal): Promise<void> {
    if (await this.#acquire(signal)) await this.#lead(signal);
  }

  /** @returns false when `signal` aborted first */
  async #acquire(signal: AbortSignal): Promise<boolean> {
    // Who is alone needs no watch.
    if (await this.#try(signal)) return true;
    const candidacy = new AbortController();
    const end = (): void => candidacy.abort(signal.reason);
    signal.addEventListener('abort', end);
    void this.#observer.follow(candidacy.signal);
    try {
      while (!signal.aborted) {
        await this.#observer.untilWorthATry(signal);
        if (!signal.aborted && (await this.#try(signal))) return true;
      }
    } finally {
      signal.removeEventListener('abort', end);
      end();
    }
    // A last answer that came late may have made us the holder. (A write whose answer we did not wait for is left to
    // expire.)
    if (this.#held) await this.#release();
    return false;
  }

  async #lead(signal: AbortSignal): Promise<void> {
    const term = new AbortController();
    const onStop = (): void => term.abort(signal.reason);
    if (signal.aborted) onStop();
    signal.addEventListener('abort', onStop);
    this.#logger.info({ identity: this.#options.identity }, 'became the leader');
    let failure: { error: unknown } | undefined;
    const work = this.#work(term.signal).catch((error: unknown) => {
      // The end of the term passes through the work as an error, and is none.
      if (term.signal.aborted) return;
      failure = { error };
      term.abort(error);
    });
    await this.#renew(term);
    signal.removeEventListener('abort', onStop);
    if (this.isLeader()) await this.#leave(work);
    this.#held = false;
    await work;
    if (failure) throw failure.error;
    if (!signal.aborted) throw term.signal.reason as Error;
  }

  async #work(signal: AbortSignal): Promise<void> {
    await this.#options.onStarted(signal);
  }

  /** Renews until the term is over, and ends it when that fails for too long. */
  async #renew(term: AbortController): Promise<void> {
    let timer: Timer | undefined;
    // Even a request that hangs and ignores its signal must not make the term longer.
    const watchDeadline = (): void => {
      timer?.cancel();
      timer = this.#clock.setTimer(this.#deadline - this.#clock.monotonic(), () =>
        this.#lose(term, 'not renewed in time'),
      );
    };
    watchDeadline();
    const ended = new Promise<void>((resolve) => {
      if (term.signal.aborted) resolve();
      term.signal.addEventListener('abort', () => resolve());
    });
    const loop = async (): Promise<void> => {
      for (;;) {
        await sleep(this.#clock, this.#retryPeriodMs, term.signal);
        if (term.signal.aborted) return;
        const renewed = await this.#try(term.signal);
        if (term.signal.aborted) return;
        if (renewed) watchDeadline();
        else if (!this.#held) return this.#lose(term, `${this.leader ?? 'nobody'} holds the lease`);
      }
    };
    // The loop outlives the term only as long as a port ignores its signal.
    await Promise.race([loop(), ended]);
    timer?.cancel();
  }

  #lose(term: AbortController, why: string): void {
    this.#held = false;
    if (term.signal.aborted) return;
    this.#logger.error({ identity: this.#options.identity, why }, 'lost the leadership');
    term.abort(new NotLeaderError(`leadership lost: ${why}`));
  }

  /** A wanted end: the work may finish under the lease, which then goes to whoever is next. */
  async #leave(work: Promise<void>): Promise<void> {
    const overdue = new AbortController();
    await Promise.race([work, sleep(this.#clock, this.leftMs, overdue.signal)]);
    overdue.abort();
    // Work that goes on behind its signal must not meet the next leader sooner than it has to.
    if (this.isLeader()) await this.#release();
  }

  async #release(): Promise<void> {
    this.#held = false;
    try {
      await this.#limited(async (limit) => {
        const { port } = this.#options;
        const giveBack = (lease: Lease): Promise<Lease> => port.update(released(lease, this.#clock.now()), limit);
        try {
          if (this.#lease) return this.#take(await giveBack(this.#lease));
        } catch (error) {
          if (apiAnswer(error).code !== 409) throw error;
        }
        // A renewal was on its way when we were told to stop: what stands there now?
        const lease = await port.get(limit);
        if (!lease || !this.#isOurs(lease.spec)) throw new Error('it is gone, or somebody else holds it');
        this.#take(await giveBack(lease));
      });
      this.#logger.info({ identity: this.#options.identity }, 'gave the lease back');
    } catch (error) {
      this.#logger.warn({ err: errorMessage(error) }, 'the lease was not given back');
    }
  }

  /** One try to get or keep the lease. It never throws; `#held` tells whether the lease is ours as far as we know. */
  async #try(signal: AbortSignal): Promise<boolean> {
    try {
      const held = await this.#limited((limit) => this.#acquireOrRenew(limit), signal);
      this.#failure = undefined;
      return held;
    } catch (error) {
      // Somebody was faster, or our own answer was lost: the next try looks again.
      this.#lease = undefined;
      if (!signal.aborted) this.#reportFailure(error);
      return false;
    }
  }

  #reportFailure(error: unknown): void {
    const { code } = apiAnswer(error);
    const err = errorMessage(error);
    // Of several candidates all but one come too late.
    const known = code === 409 || (needsAPerson(code) && err === this.#failure);
    this.#failure = err;
    this.#logger[known && !this.#held ? 'debug' : 'warn']({ err, code }, 'lease not updated');
  }

  async #acquireOrRenew(signal: AbortSignal): Promise<boolean> {
    // A leader knows what stands in the lease, as nobody else may write it: one request instead of two.
    if (this.isLeader() && this.#lease) {
      try {
        return await this.#write(this.#lease, signal);
      } catch (error) {
        // Somebody has written it, or an earlier answer was lost. Who holds it now is to be known at once.
        if (apiAnswer(error).code !== 409) throw error;
      }
    }
    const seen = await this.#options.port.get(signal);
    signal.throwIfAborted();
    this.#take(seen);
    if (seen && !this.#isOurs(seen.spec) && !this.#observer.isFree(seen)) {
      this.#held = false;
      return false;
    }
    return this.#write(seen, signal);
  }

  async #write(lease: Lease | undefined, signal: AbortSignal): Promise<boolean> {
    const { port } = this.#options;
    const sent = this.#clock.monotonic();
    const answer = lease
      ? await port.update({ ...lease, spec: this.#claim(lease.spec) }, signal)
      : await port.create(this.#claim(undefined), signal);
    // Answered, but to nobody: the term may be over, and then this must not revive it.
    signal.throwIfAborted();
    this.#take(answer);
    this.#deadline = sent + this.#renewDeadlineMs;
    this.#held = true;
    return this.isLeader();
  }

  #claim(old: LeaseSpec | undefined): LeaseSpec {
    const now = this.#clock.now();
    if (old && this.#isOurs(old)) return renewed(old, this.#leaseDurationMs, now);
    return acquired(old, this.#options.identity, this.#leaseDurationMs, now);
  }

  #isOurs(spec: LeaseSpec): boolean {
    return spec.holderIdentity === this.#options.identity;
  }

  #take(lease: Lease | undefined): void {
    this.#lease = lease;
    this.#observer.read(lease);
  }

  /** Half the deadline for one try (as controller-runtime has it), so that one that hangs leaves time for another. */
  async #limited<R>(call: (signal: AbortSignal) => Promise<R>, signal?: AbortSignal): Promise<R> {
    const limit = new AbortController();
    const stop = (): void => limit.abort(signal?.reason);
    if (signal?.aborted) stop();
    signal?.addEventListener('abort', stop);
    const timer = this.#clock.setTimer(this.#renewDeadlineMs / 2, () => limit.abort(new Error('no answer in time')));
    try {
      return await call(limit.signal);
    } finally {
      timer.cancel();
      signal?.removeEventListener('abort', stop);
    }
  }
}
