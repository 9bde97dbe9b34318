import type { DebugSession } from '../api/debugsession.ts';
import { fromTimestamp } from '../api/time.ts';
import type { Situation } from '../session/look/situation.ts';
import { isWaiting } from '../session/run/lifecycle.ts';

const SHORTEST_PAUSE_MS = 3_000;
export const LONGEST_PAUSE_MS = 60_000;

/**
 * How long to wait before the next look at what no watch shows, a workload or the labels of a namespace, in ms: a tenth
 * of how long it has been waited for.
 */
export function pauseOf(session: DebugSession, now: number): number {
  const waited = now - (fromTimestamp(session.status?.waitingSince) ?? now);
  return Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, Math.round(waited / 10)));
}

/** It waits for what no watch shows. */
export function isPolled({ session, sighting, rules }: Situation): boolean {
  return sighting.kind === 'unresolved' || (isWaiting(session) && rules?.namespace.unread !== undefined);
}
