/** Shorter ones V8 shares by itself when it parses JSON; longer ones hardly ever come twice. UTF-16 units. */
const SHORTEST = 11;
const LONGEST = 512;

/**
 * Makes equal strings of many objects one string. JSON that is parsed makes a new string of each value, so a thousand
 * sessions had a thousand copies of an image's name. It remembers a bounded number of strings: those seen last.
 */
export class InternedStrings {
  readonly #limit: number;
  #young = new Map<string, string>();
  #old = new Map<string, string>();

  /** @param limit remembered strings; default 4,096 */
  constructor(limit = 4_096) {
    this.#limit = limit;
  }

  /** How many strings it remembers. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** A copy of what was parsed from JSON, with the same values. Keys are shared by V8 itself. */
  copy<T>(value: T): T {
    return this.#copy(value) as T;
  }

  #copy(value: unknown): unknown {
    if (typeof value === 'string') return this.#shared(value);
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map((one) => this.#copy(one));
    // Not by assignment, which takes a key of __proto__ for the prototype.
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.#copy(one)]));
  }

  #shared(text: string): string {
    if (text.length < SHORTEST || text.length > LONGEST) return text;
    const young = this.#young.get(text);
    if (young !== undefined) return young;
    const known = this.#old.get(text) ?? text;
    if (this.#young.size >= this.#limit / 2) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(known, known);
    return known;
  }
}
