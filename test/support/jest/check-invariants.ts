import { cluster } from '../../cluster/cluster.ts';
import { check } from '../../invariants/check.ts';
import { withoutPlayed } from '../../invariants/facts.ts';
import { readFacts } from '../../invariants/read-log.ts';
import { describeBroken } from '../../invariants/report.ts';

/**
 * After a suite: no request since it began has broken a promise. Jest's process is as old as the suite. What the
 * cluster of somebody else was asked is not ours to read.
 *
 * @throws Error with the broken promises, which fails the suite
 */
export async function checkInvariants(): Promise<void> {
  const file = cluster().node?.auditLog;
  if (file === undefined) return;
  const since = new Date(performance.timeOrigin).toISOString();
  const facts = await readFacts(file, since);
  // A session of a suite before has a history that began before, and breaks its promises there or here.
  const broken = check(withoutPlayed(facts)).filter(({ last }) => last >= since);
  if (broken.length > 0) throw new Error(`the audit log shows broken promises:\n${describeBroken(broken)}`);
  process.stderr.write(`the audit log shows no broken promise in ${facts.length} facts\n`);
}

// Jest takes the default export for the function to call.
export { checkInvariants as default };
