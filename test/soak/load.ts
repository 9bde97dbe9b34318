import { setTimeout as delay } from 'node:timers/promises';
import { REFUSED_AT_REQUEST, ROUND, type Kind, type Scene } from './lives.ts';

/** The mean time between two sessions of a namespace: ten a minute. */
const PAUSE_MS = 6_000;

/** Sessions of all kinds, one after the other, each followed to its end. */
export class Load {
  /** Sessions that did not come to their end, each a sentence. */
  readonly faults: string[] = [];
  readonly #scene: Scene;
  readonly #random: () => number;
  readonly #lives = new Set<Promise<void>>();
  readonly #ended = new Map<string, number>();
  readonly #left: Promise<void>[] = [];
  #made = 0;

  constructor(scene: Scene, random: () => number) {
    this.#scene = scene;
    this.#random = random;
  }

  get made(): number {
    return this.#made;
  }

  get live(): number {
    return this.#lives.size;
  }

  /** How many of each kind came to their end. */
  get ended(): ReadonlyMap<string, number> {
    return this.#ended;
  }

  /** Until the signal aborts; then nothing new begins. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      for (const kind of [...shuffled(ROUND, this.#random), REFUSED_AT_REQUEST]) {
        if (signal.aborted) return;
        this.#begin(kind);
        if (kind === REFUSED_AT_REQUEST) continue;
        // Between half and one and a half of the mean.
        await delay(PAUSE_MS * (0.5 + this.#random()), undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Resolves when every session that began has come to its end, or was found stuck, and is gone. */
  async over(): Promise<void> {
    while (this.#lives.size > 0) await Promise.all(this.#lives);
    await this.#scene.pods.close();
    await Promise.all(this.#left);
  }

  #begin(kind: Kind): void {
    const name = `s-${(this.#made += 1)}`;
    const life = this.#live(kind, name)
      .then(() => void this.#ended.set(kind.words, (this.#ended.get(kind.words) ?? 0) + 1))
      .catch((error: unknown) => void this.faults.push(`${kind.words}: ${String(error)}`))
      .finally(() => this.#lives.delete(life));
    this.#lives.add(life);
  }

  async #live(kind: Kind, name: string): Promise<void> {
    const { pods, sessions } = this.#scene;
    const place = kind.containers === 0 ? undefined : await pods.take(kind.containers);
    try {
      await kind.live(this.#scene, name, place?.podName ?? '');
    } finally {
      place?.leave();
    }
    // A record stays for its while, and one that can still start until its pod goes.
    const gone = sessions.untilGone(name).catch((error: unknown) => void this.faults.push(String(error)));
    this.#left.push(gone);
  }
}

/** Small and good enough for an order: mulberry32. */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffled<T>(all: readonly T[], random: () => number): T[] {
  return all
    .map((one) => ({ one, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ one }) => one);
}
