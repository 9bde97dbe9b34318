import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { cluster } from '../cluster/cluster.ts';
import type { AuditEvent } from '../support/audit-log.ts';

/** The account that every suite runs the operator with. */
const OPERATOR = 'system:serviceaccount:debugsession-system:debugsession-controller-manager';

/** Everything that the operator asked of the API server since the cluster was started, in the order of the answers. */
export async function operatorRequests(): Promise<AuditEvent[]> {
  const file = cluster().node?.auditLog;
  if (file === undefined) return [];
  const found: AuditEvent[] = [];
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (!line.includes(OPERATOR)) continue;
    const event = JSON.parse(line) as AuditEvent;
    // A watch that is still open has only started; its right was used all the same.
    const counts = event.stage === 'ResponseComplete' || (event.stage === 'ResponseStarted' && event.verb === 'watch');
    if (counts && event.user.username === OPERATOR) found.push(event);
  }
  return found;
}

export function succeeded({ responseStatus }: AuditEvent): boolean {
  return responseStatus !== undefined && responseStatus.code < 300;
}
