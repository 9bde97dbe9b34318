import type { Run } from '../../api/debugsession.ts';
import { fromTimestamp, toTimestamp } from '../../api/time.ts';
import { lifeMs, ttlSeconds } from '../container/effective.ts';

/** The run once another ttl counts for it. The new deadline counts from the start of the container, as the old one. */
export function withTtl(run: Run, ttl: string): Run {
  if (run.effective === undefined) return run;
  const next: Run = { ...run, effective: { ...run.effective, ttl } };
  delete next.wantedTtl;
  const expiresAt = fromTimestamp(run.expiresAt);
  if (expiresAt !== undefined) next.expiresAt = toTimestamp(expiresAt - lifeMs(run) + ttlSeconds(ttl) * 1000);
  return next;
}
