import type { InjectionReason } from '../../api/reasons.ts';

/** What a look at the target says: go ahead, wait (it may come true), or refuse (it never will). */
export type Verdict =
  | { kind: 'go' }
  | { kind: 'wait'; reason: InjectionReason; message: string }
  | { kind: 'refuse'; reason: InjectionReason; message: string };

/** A verdict that says no, for now or for good. */
export type Objection = Exclude<Verdict, { kind: 'go' }>;

export const GO: Verdict = { kind: 'go' };

export function wait(reason: InjectionReason, message: string): Objection {
  return { kind: 'wait', reason, message };
}

export function refuse(reason: InjectionReason, message: string): Objection {
  return { kind: 'refuse', reason, message };
}
