/** Sentences that break a rule of rules.ts for a reason. Short: the list is looked at in every review. */
export const ALLOWED: ReadonlySet<string> = new Set([]);
