import { auditLines, parseEvent } from '../support/cluster/audit-log.ts';
import { factsOf, mayHoldFacts, type AuditFact } from './facts.ts';

/**
 * The facts in the audit log of a cluster, line by line: the log has hundreds of MB, its facts a few.
 *
 * @param since RFC 3339: requests from then on have to be logged as the checker needs them
 * @throws Error if the API server was started with an audit policy that leaves out what containers report
 */
export async function readFacts(file: string, since: string): Promise<AuditFact[]> {
  const facts: AuditFact[] = [];
  for await (const line of auditLines(file)) {
    if (isBare(line, since))
      throw new Error('this cluster logs no reports of the kubelet: make cluster-down, then make cluster-up');
    if (!mayHoldFacts(line)) continue;
    const event = parseEvent(line);
    if (event !== undefined) facts.push(...factsOf(event));
  }
  return facts;
}

/** A report of a node, without what it reported. */
function isBare(line: string, since: string): boolean {
  const isPlain = line.includes('"level":"Metadata"') && line.includes('"username":"system:node:');
  if (!isPlain || !line.includes('"subresource":"status"')) return false;
  const event = parseEvent(line);
  return event?.objectRef?.resource === 'pods' && event.stageTimestamp >= since;
}
