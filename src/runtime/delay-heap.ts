/** What waits for a moment. The index belongs to the heap it is in. */
export interface Delayed {
  /** Monotonic ms. */
  readyAt: number;
  /** Tells apart what is due at the same moment: the lower comes first. */
  order: number;
  index: number;
}

/**
 * What waits for a moment, the earliest first: a binary heap, as client-go's delaying queue has one, in which each
 * knows its place. So with n that wait an add, a move and a removal cost log n, and the earliest is known at once.
 */
export class DelayHeap<T extends Delayed> {
  readonly #items: T[] = [];

  get first(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    item.index = this.#items.length;
    this.#items.push(item);
    this.#up(item);
  }

  /** Its `readyAt` has become earlier. */
  hastened(item: T): void {
    this.#up(item);
  }

  /** Takes out one that is in. */
  remove(item: T): void {
    const last = this.#items.pop();
    if (!last || last === item) return;
    last.index = item.index;
    this.#items[last.index] = last;
    this.#up(last);
    this.#down(last);
  }

  clear(): void {
    this.#items.length = 0;
  }

  #up(item: T): void {
    for (;;) {
      const parent = this.#items[(item.index - 1) >> 1];
      if (!parent || !isBefore(item, parent)) return;
      this.#swap(item, parent);
    }
  }

  #down(item: T): void {
    for (;;) {
      const left = this.#items[2 * item.index + 1];
      const right = this.#items[2 * item.index + 2];
      const child = right && left && isBefore(right, left) ? right : left;
      if (!child || !isBefore(child, item)) return;
      this.#swap(item, child);
    }
  }

  #swap(one: T, other: T): void {
    const { index } = one;
    one.index = other.index;
    other.index = index;
    this.#items[one.index] = one;
    this.#items[other.index] = other;
  }
}

function isBefore(one: Delayed, other: Delayed): boolean {
  return one.readyAt < other.readyAt || (one.readyAt === other.readyAt && one.order < other.order);
}
