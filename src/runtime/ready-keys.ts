/** What is lined up. The links belong to the line it stands in. */
export interface Ready<T> {
  priority: number;
  /** When it began to wait, as a number that only grows. */
  order: number;
  previous?: T | undefined;
  next?: T | undefined;
}

/** Those of one priority, the longest waiting first. */
interface Line<T> {
  priority: number;
  head: T;
  tail: T;
  size: number;
}

/** One in so many goes to a lower priority while one waits there. */
const FAIR_SHARE = 10;

/**
 * Lines by priority, each first in first out (controller-runtime's priorityqueue keeps a tree in that order). The highest priority goes first,
 * but an endless stream of it must not starve the others: every tenth is the one of the lower priorities that has waited the longest.
 * Linked, so that one in the middle leaves without a search, and the first is found without passing over holes (a Map that is emptied from
 * its front is slow). Of lines there are few: priorities are constants of the program.
 */
export class ReadyKeys<T extends Ready<T>> {
  /** The highest first; none is empty. */
  readonly #lines: Line<T>[] = [];
  #size = 0;
  /** How many went since a lower priority had its turn. */
  #passedOver = 0;

  get size(): number {
    return this.#size;
  }

  /** Puts it at the end of the line of its priority. */
  push(item: T): void {
    this.#size++;
    item.next = undefined;
    item.previous = undefined;
    const at = this.#lines.findIndex(({ priority }) => priority <= item.priority);
    const line = this.#lines[at];
    if (line?.priority === item.priority) {
      item.previous = line.tail;
      line.tail.next = item;
      line.tail = item;
      line.size++;
      return;
    }
    const own = { priority: item.priority, head: item, tail: item, size: 1 };
    this.#lines.splice(at < 0 ? this.#lines.length : at, 0, own);
  }

  /** Takes out the one whose turn it is. */
  shift(): T | undefined {
    const first = this.#lines[0]?.head;
    const turn = this.#lowerTurn() ?? first;
    if (turn) this.remove(turn);
    return turn;
  }

  /** Takes out one that is in. */
  remove(item: T): void {
    const at = this.#lines.findIndex(({ priority }) => priority === item.priority);
    const line = this.#lines[at];
    if (!line) return;
    const { previous, next } = item;
    if (previous) previous.next = next;
    else if (next) line.head = next;
    if (next) next.previous = previous;
    else if (previous) line.tail = previous;
    item.previous = undefined;
    item.next = undefined;
    this.#size--;
    line.size--;
    if (line.size === 0) this.#lines.splice(at, 1);
  }

  clear(): void {
    this.#lines.length = 0;
    this.#size = 0;
  }

  /** How many wait, by priority. */
  sizes(): Map<number, number> {
    return new Map(this.#lines.map(({ priority, size }) => [priority, size]));
  }

  /** The one of the lower priorities that has waited the longest, if it is its turn. */
  #lowerTurn(): T | undefined {
    if (this.#lines.length < 2) {
      this.#passedOver = 0;
      return undefined;
    }
    this.#passedOver++;
    if (this.#passedOver < FAIR_SHARE) return undefined;
    this.#passedOver = 0;
    let longest: T | undefined;
    for (const { head } of this.#lines.slice(1)) if (!longest || head.order < longest.order) longest = head;
    return longest;
  }
}
