import type { ServerResponse } from 'node:http';

/** One line of a watch, as the API server wrote it. */
export interface WatchLine {
  text: string;
  type: string;
  object: { metadata?: { uid?: string; resourceVersion?: string } };
}

/** Whoever watches, as seen from the API server. */
export class Reader {
  /** Resolves once it has closed the watch. */
  readonly left: Promise<void>;
  readonly #response: ServerResponse;
  #isOver = false;

  constructor(response: ServerResponse) {
    this.#response = response;
    this.left = new Promise((resolve) => response.on('close', () => resolve()));
  }

  /** Whether it gets no more: it has left, or was cut off. */
  get isOver(): boolean {
    return this.#isOver || this.#response.destroyed;
  }

  send(text: string): void {
    this.sendPart(`${text}\n`);
  }

  sendPart(text: string): void {
    if (!this.isOver) this.#response.write(text);
  }

  /** As a server ends a watch whose time is over. */
  end(): void {
    this.#isOver = true;
    this.#response.end();
  }

  /** Closes its connection, once what was sent is on its way. */
  cut(): void {
    this.#isOver = true;
    this.#response.write('', () => this.#response.destroy());
  }
}

/** Decides what becomes of each line of one watch: without a call of `send` it is lost. */
export type Tamper = (line: WatchLine, reader: Reader) => Promise<void> | void;

export function watchLine(text: string): WatchLine {
  return { text, ...(JSON.parse(text) as Omit<WatchLine, 'text'>) };
}
