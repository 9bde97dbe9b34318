/** Where the values of an iteration come from. */
export interface Steps<T> {
  /** The next value; undefined: there is no more. It is never called twice at once. */
  next: () => Promise<T | undefined>;
  /** Called once, when there is no more, when `next` has thrown, or when the reader leaves. */
  end?: () => void;
}

/**
 * An iterator in place of an async generator. A generator that waits for its next value keeps the one it gave last, and
 * all that it was made of: so each watch kept a whole pod and its JSON, for minutes or for hours. A step that has ended
 * keeps nothing.
 */
export function stepwise<T>({ next, end }: Steps<T>): AsyncIterableIterator<T, undefined> {
  let isOver = false;
  const finish = (): void => {
    if (isOver) return;
    isOver = true;
    end?.();
  };
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      if (isOver) return { done: true, value: undefined };
      try {
        const value = await next();
        if (value !== undefined) return { done: false, value };
      } catch (error) {
        finish();
        throw error;
      }
      finish();
      return { done: true, value: undefined };
    },
    return() {
      finish();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
}
