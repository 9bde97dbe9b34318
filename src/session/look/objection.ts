import type { InjectionReason } from '../../api/reasons.ts';

/** A reason in one word, and the words for people. */
export interface Why<R extends string = string> {
  reason: R;
  message: string;
}

/** Why something is not done. Where nothing stands against it, there is no objection: `undefined`. */
export interface Objection<R extends string = InjectionReason> extends Why<R> {
  /** `later`: it may come right, so it is waited for or tried again. `never`: it will not. */
  finality: 'later' | 'never';
}

/** What is asked for cannot be done now, and may come right. */
export function later<R extends string>(reason: R, message: string): Objection<R> {
  return { finality: 'later', reason, message };
}

/** What is asked for will not come right. */
export function never<R extends string>(reason: R, message: string): Objection<R> {
  return { finality: 'never', reason, message };
}
