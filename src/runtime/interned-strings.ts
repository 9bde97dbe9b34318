/** Shorter ones V8 shares by itself when it parses JSON; longer ones hardly ever come twice. UTF-16 units. */
const SHORTEST = 11;
const LONGEST = 512;

/**
 * Makes equal strings of many objects one string. JSON.parse makes a new string of each value: of an image's name, a
 * thousand sessions have a thousand. It remembers a bounded number of strings: those seen last.
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

  /**
   * Puts equal strings in the place of the strings of what was parsed from JSON: no value changes. It works in place,
   * because a copy of a parsed object takes more memory than the object.
   * @returns the same object
   */
  share<T extends object>(value: T): T {
    const fields = value as Record<string, unknown>;
    for (const key of Object.keys(fields)) {
      const one = fields[key];
      if (typeof one === 'string') {
        if (one.length >= SHORTEST && one.length <= LONGEST) fields[key] = this.#shared(one);
      } else if (typeof one === 'object' && one !== null) this.share(one);
    }
    return value;
  }

  #shared(text: string): string {
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
