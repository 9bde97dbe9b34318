/** How one thing stands. `unknown`: the person may not read it, or the API server did not answer. */
export type CheckState = 'ok' | 'warning' | 'broken' | 'unknown';

/** One line of `kubectl dbg doctor`. */
export interface Check {
  name: string;
  state: CheckState;
  /** What was found, on one printable line. */
  words: string;
  /** What to do about it. Absent where nothing has to be done. */
  wayOut?: string;
}

/** Makes the checks of one name. */
export interface Checked {
  ok(words: string): Check;
  warning(words: string, wayOut: string): Check;
  broken(words: string, wayOut: string): Check;
  unknown(words: string): Check;
}

export function checked(name: string): Checked {
  return {
    ok: (words) => ({ name, state: 'ok', words }),
    warning: (words, wayOut) => ({ name, state: 'warning', words, wayOut }),
    broken: (words, wayOut) => ({ name, state: 'broken', words, wayOut }),
    unknown: (words) => ({ name, state: 'unknown', words }),
  };
}
