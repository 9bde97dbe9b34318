import type { DebugSession } from '../api/debugsession.ts';
import { type Clock, systemClock } from '../runtime/clock.ts';
import { errorMessage } from '../runtime/error-message.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Plan } from '../session/plan/effect.ts';
import { type Notice, noticesOf } from './notice.ts';
import { type NoticeResult, Outbox } from './outbox.ts';
import { createSender, type Sender } from './send.ts';
import { readSettings, type Settings } from './settings.ts';

export interface NotifierOptions {
  /** Where the Secret is mounted. */
  folder: string;
  userAgent: string;
  logger: Logger;
  /** Told of each notice and receiver, for metrics. */
  onResult: (result: NoticeResult) => void;
  clock?: Clock;
}

/** Settings are believed for so long, in ms: the kubelet brings a changed Secret within about a minute anyway. */
const SETTINGS_MS = 30_000;

/**
 * Tells the receivers of the Secret what happens to sessions. Nothing waits for it: a receiver that is slow or gone
 * costs no session a moment.
 */
export class Notifier {
  readonly #options: NotifierOptions;
  readonly #clock: Clock;
  readonly #outboxes = new Map<string, Outbox>();
  #settings: Settings;
  #sender: Sender;
  #readAt: number;
  #reading: Promise<void> | undefined;

  /** @throws Error when the Secret cannot be read or is wrong: a start with it would tell nobody */
  static async open(options: NotifierOptions): Promise<Notifier> {
    return new Notifier(options, await readSettings(options.folder));
  }

  private constructor(options: NotifierOptions, settings: Settings) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#settings = settings;
    this.#sender = createSender(settings.ca);
    this.#readAt = this.#clock.monotonic();
  }

  /** A step without an event that is told costs nothing. */
  done(session: DebugSession, step: Plan): void {
    const notices = noticesOf(session, step, this.#clock.now());
    if (notices.length > 0) void this.#tell(notices);
  }

  /** Gives what waits `ms` to be delivered, then drops it. */
  async stop(ms: number): Promise<void> {
    await this.#reading;
    await Promise.all([...this.#outboxes.values()].map((outbox) => outbox.stop(ms)));
    await this.#sender.close();
  }

  async #tell(notices: readonly Notice[]): Promise<void> {
    await this.#refresh();
    for (const receiver of this.#settings.receivers) {
      for (const notice of notices) this.#outboxOf(receiver).add(notice);
    }
  }

  #outboxOf(receiver: URL): Outbox {
    const { logger, onResult, userAgent } = this.#options;
    const outbox =
      this.#outboxes.get(receiver.href) ??
      new Outbox({
        ...{ receiver, logger, onResult, userAgent, clock: this.#clock },
        key: () => this.#settings.key,
        send: (message, signal) => this.#sender.send(message, signal),
      });
    this.#outboxes.set(receiver.href, outbox);
    return outbox;
  }

  #refresh(): Promise<void> {
    if (this.#clock.monotonic() - this.#readAt < SETTINGS_MS) return this.#reading ?? Promise.resolve();
    this.#readAt = this.#clock.monotonic();
    this.#reading = this.#read().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  async #read(): Promise<void> {
    try {
      const before = this.#settings;
      this.#settings = await readSettings(this.#options.folder);
      this.#forgetOthers();
      if (before.ca === this.#settings.ca) return;
      const old = this.#sender;
      this.#sender = createSender(this.#settings.ca);
      await old.close();
    } catch (error) {
      // Those that were told so far are told on.
      this.#options.logger.warn(
        { why: errorMessage(error) },
        'the Secret of --notify-path cannot be used as it is now',
      );
    }
  }

  /** A URL that was taken out of the Secret gets nothing any more, not even what waited for it. */
  #forgetOthers(): void {
    const wanted = new Set(this.#settings.receivers.map(({ href }) => href));
    for (const [href, outbox] of this.#outboxes) {
      if (wanted.has(href)) continue;
      this.#outboxes.delete(href);
      void outbox.stop(0);
    }
  }
}
