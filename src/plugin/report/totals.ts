import type { ReportRow } from './row.ts';

/** What a report counts. */
export interface Totals {
  /** Sessions with at least one attempt in the report. */
  sessions: number;
  attempts: number;
  /** Different requesters. */
  people: number;
  namespaces: number;
  /** Containers that run, or are about to. */
  live: number;
  /** Attempts whose container never ran, or that wait. */
  neverRan: number;
  /** Attempts that are over, and it is not certain that their container has ended. */
  notConfirmed: number;
  /** Attempts by policy, the most first. */
  byPolicy: { policy: string; attempts: number }[];
}

/** Of attempts that name no policy: nothing had been looked up yet. */
const NO_POLICY = '(none)';

/** Counts the rows of a report. */
export function totalsOf(rows: readonly ReportRow[]): Totals {
  const policies = new Map<string, number>();
  for (const { policy = NO_POLICY } of rows) policies.set(policy, (policies.get(policy) ?? 0) + 1);
  return {
    sessions: new Set(rows.map(({ uid }) => uid)).size,
    attempts: rows.length,
    people: new Set(rows.flatMap(({ requester }) => requester ?? [])).size,
    namespaces: new Set(rows.map(({ namespace }) => namespace)).size,
    live: rows.filter(({ live }) => live).length,
    neverRan: rows.filter(({ started }) => started === undefined).length,
    notConfirmed: rows.filter(isUnconfirmed).length,
    byPolicy: [...policies]
      .map(([policy, attempts]) => ({ policy, attempts }))
      .toSorted((one, other) => other.attempts - one.attempts || (one.policy < other.policy ? -1 : 1)),
  };
}

/** Over, and nothing confirms that its container has ended. */
export function isUnconfirmed({ ended, stopConfirmed }: ReportRow): boolean {
  return ended !== undefined && stopConfirmed !== undefined && stopConfirmed !== 'True';
}
