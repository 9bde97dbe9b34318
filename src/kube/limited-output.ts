/** Keeps the first bytes of what comes, and drops the rest. `isOver`: there was a rest. */
export class LimitedOutput {
  readonly #limit: number;
  readonly #chunks: Uint8Array[] = [];
  #length = 0;
  #isOver = false;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  push(bytes: Uint8Array): void {
    const kept = bytes.subarray(0, this.#limit - this.#length);
    this.#length += kept.length;
    this.#isOver ||= kept.length < bytes.length;
    if (kept.length > 0) this.#chunks.push(Uint8Array.from(kept));
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** As UTF-8; a character that was cut at the end is left out. */
  text(): string {
    return new TextDecoder().decode(Buffer.concat(this.#chunks), { stream: true });
  }
}
