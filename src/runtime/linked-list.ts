/** What can stand in a list. The links belong to the list it stands in. */
export interface Linked<T> {
  previous?: T | undefined;
  next?: T | undefined;
}

/**
 * A line in which each knows its neighbours, so that one in the middle leaves without a search, and the first is found
 * without passing over holes (a Map that is emptied from its front is slow).
 */
export class LinkedList<T extends Linked<T>> {
  #head: T | undefined;
  #tail: T | undefined;

  get head(): T | undefined {
    return this.#head;
  }

  /** Puts it at the end. It must not stand in another list. */
  push(item: T): void {
    item.next = undefined;
    item.previous = this.#tail;
    if (this.#tail) this.#tail.next = item;
    else this.#head = item;
    this.#tail = item;
  }

  /** Takes out one that is in. */
  remove(item: T): void {
    const { previous, next } = item;
    if (previous) previous.next = next;
    else this.#head = next;
    if (next) next.previous = previous;
    else this.#tail = previous;
    item.previous = undefined;
    item.next = undefined;
  }
}
