import type { DebugSession, Run } from '../api/debugsession.ts';
import { keyOf } from '../runtime/store.ts';
import type { Objection } from '../session/look/objection.ts';

type OfRun = Pick<DebugSession, 'metadata'>;

/**
 * What this process knows of the newest run of each session and the status does not say yet. A session is in it only
 * while it concerns a pod.
 */
export class RunMemory {
  readonly #injections = new Map<string, { uid: string; attempt: number; at: number }>();
  readonly #refusals = new Map<string, { uid: string; attempt: number; refused: Objection }>();

  /** @param at when this process saw its own injection succeed, in ms since the epoch */
  injected(session: OfRun, { attempt }: Run, at: number): void {
    const key = keyOf(session);
    this.#refusals.delete(key);
    this.#injections.set(key, { uid: session.metadata.uid, attempt, at });
  }

  /** @param refused what the API server said to the last injection */
  refused(session: OfRun, { attempt }: Run, refused: Objection): void {
    this.#refusals.set(keyOf(session), { uid: session.metadata.uid, attempt, refused });
  }

  /** What is known, as part of a situation. */
  of(session: DebugSession): { injectedAt?: number; refused?: Objection } {
    const injection = ofNewestRun(session, this.#injections.get(keyOf(session)));
    const refusal = ofNewestRun(session, this.#refusals.get(keyOf(session)));
    return { ...(injection && { injectedAt: injection.at }), ...(refusal && { refused: refusal.refused }) };
  }

  forget(key: string): void {
    this.#injections.delete(key);
    this.#refusals.delete(key);
  }
}

/** What this process knows of a run, if that is the newest of this very session. */
function ofNewestRun<T extends { uid: string; attempt: number }>(
  { metadata, status }: DebugSession,
  known: T | undefined,
): T | undefined {
  return known?.uid === metadata.uid && known.attempt === status?.attempt ? known : undefined;
}
