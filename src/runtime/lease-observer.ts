import type { Clock } from './clock.ts';
import type { Lease, LeaseSpec } from './lease.ts';
import { isFree } from './lease.ts';
import type { ListWatchSource } from './list-watch.ts';
import { ListWatch } from './list-watch.ts';
import type { Logger } from './logger.ts';
import { compareResourceVersions } from './resource-version.ts';

export interface LeaseObserverOptions {
  source: ListWatchSource;
  /** How long a candidate believes a silent watch, ms. */
  retryPeriodMs: number;
  clock: Clock;
  logger: Logger;
  random: () => number;
}

/** client-go's JitterFactor: a candidate that polls waits between one and 2.2 retry periods. */
export const jitterFactor = 1.2;
/** So that the candidates who see the same moment do not all write at it. Ms. */
const rivalsMs = 100;

/**
 * What stands in a Lease, since when by our own clock (client-go's observedRecord and observedTime), and when a try to
 * take it is worth its requests. The watch only hastens a try: whether the lease may be taken is decided on a fresh
 * read, and a change that the watch has not brought is found by polling.
 */
export class LeaseObserver {
  readonly #options: LeaseObserverOptions;
  #spec: LeaseSpec | undefined;
  /** The spec as text, to notice a change of anything; empty before the first look. */
  #record: string | undefined = '';
  #observedAt = -Infinity;
  #resourceVersion: string | undefined;
  /** The watch has shown it without a holder since the last try. */
  #sawFree = false;
  #onNews: () => void = () => undefined;

  constructor(options: LeaseObserverOptions) {
    this.#options = options;
  }

  /** Who held the lease when it was last seen; undefined: nobody. */
  get holder(): string | undefined {
    return this.#spec?.holderIdentity || undefined;
  }

  /** Takes what we read or wrote ourselves; undefined: there is no lease. */
  read(lease: Lease | undefined): void {
    // Whatever it is: after a restored backup the versions are lower than before.
    this.#resourceVersion = lease?.metadata.resourceVersion ?? this.#resourceVersion;
    this.#observe(lease?.spec);
  }

  /**
   * Whether a lease that was just read may be taken. Its expiry is judged by when we saw it change, never by what
   * others wrote.
   */
  isFree(lease: Lease | undefined): boolean {
    return lease === undefined || isFree(lease.spec, this.#silentMs());
  }

  /** Watches until `signal` aborts. It never rejects. */
  follow(signal: AbortSignal): Promise<void> {
    const { source, clock, logger, random } = this.#options;
    const listWatch = new ListWatch<Lease>({
      name: 'leases',
      source,
      clock,
      logger,
      random,
      handler: {
        onList: ([lease], version) => this.#watched(lease?.spec, lease?.metadata.resourceVersion ?? version),
        onEvent: (type, lease, version) => this.#watched(type === 'DELETED' ? undefined : lease.spec, version),
      },
    });
    return listWatch.run(signal);
  }

  /**
   * Resolves when the lease was seen free, when its holder has been silent for its duration, when nothing was heard for
   * a while, or when `signal` aborts.
   */
  untilWorthATry(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    return new Promise((resolve) => {
      const finish = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', finish);
        this.#onNews = () => undefined;
        this.#sawFree = false;
        resolve();
      };
      let timer = clock.setTimer(this.#delayMs(), finish);
      this.#onNews = () => {
        timer.cancel();
        timer = clock.setTimer(this.#delayMs(), finish);
      };
      signal.addEventListener('abort', finish);
      if (signal.aborted) finish();
    });
  }

  /** A holder that renews is heard of within a retry period: with a watch that works there is nothing to poll. */
  #delayMs(): number {
    const { random, retryPeriodMs } = this.#options;
    if (this.#sawFree) return rivalsMs * random();
    const poll = retryPeriodMs * (1 + jitterFactor * random());
    const left = (this.#spec?.leaseDurationSeconds ?? 0) * 1000 - this.#silentMs();
    // One that has run out and could not be taken is tried at the pace of the polling. Whole ms: a hair too early would
    // be in vain.
    return left > 0 ? Math.min(poll, Math.ceil(left + rivalsMs * random())) : poll;
  }

  /** News only: a watch may lag behind what we have read, and must not make it look like a change. */
  #watched(spec: LeaseSpec | undefined, resourceVersion: string): void {
    if (this.#resourceVersion !== undefined && compareResourceVersions(resourceVersion, this.#resourceVersion) <= 0)
      return;
    this.#resourceVersion = resourceVersion;
    this.#observe(spec);
    this.#sawFree = !spec?.holderIdentity;
    this.#onNews();
  }

  #observe(spec: LeaseSpec | undefined): void {
    this.#spec = spec;
    const record = JSON.stringify(spec);
    if (record === this.#record) return;
    this.#record = record;
    this.#observedAt = this.#options.clock.monotonic();
  }

  #silentMs(): number {
    return this.#options.clock.monotonic() - this.#observedAt;
  }
}
