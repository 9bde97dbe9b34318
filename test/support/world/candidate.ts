import type { Clock } from '../../../src/runtime/clock.ts';
import { LeaderElector, type LeaderElectorOptions } from '../../../src/runtime/leader-elector.ts';
import { NotLeaderError } from '../../../src/runtime/not-leader-error.ts';
import type { Fate, FakeLeaseServer, Verb } from '../fakes/fake-lease.ts';

/** One that campaigns, in the hands of a test. */
export interface Candidate {
  elector: LeaderElector;
  /** What happened to it, with the time in ms. */
  story: string[];
  /** Asked for each of its requests. */
  fate: (verb: Verb) => Fate;
  /** Resolves when it has ended. */
  stop: () => Promise<void>;
}

/** Campaigns at once, and again after every lost term. Its `random` is 0 unless told. */
export function candidate(
  name: string,
  clock: Clock,
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
  // As a new process would: the next term of the same candidate.
  const campaign = async (): Promise<void> => {
    while (!controller.signal.aborted) {
      await elector.run(controller.signal).catch((error: unknown) => {
        if (!(error instanceof NotLeaderError)) throw error;
      });
    }
  };
  const running = campaign();
  running.catch(() => undefined);
  return self;
}
