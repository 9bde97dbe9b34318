import { cluster } from '../cluster/cluster.ts';
import { UID_VARIABLE } from '../../src/session/container/container.ts';
import { auditLines, type AuditEvent } from '../support/cluster/audit-log.ts';

/** The account that every suite runs the operator with. */
const OPERATOR = 'system:serviceaccount:debugsession-system:debugsession-controller-manager';

/**
 * Everything that the operator asked of an API server since its cluster was started, in the order of the answers of
 * each cluster.
 */
export function operatorRequests(): Promise<AuditEvent[]> {
  return logged(OPERATOR, ({ user }) => user.username === OPERATOR);
}

/**
 * Every injection since the clusters were started, whoever the operator was: some suites run it with an account of
 * their own.
 */
export function allInjections(): Promise<AuditEvent[]> {
  return logged(
    UID_VARIABLE,
    ({ objectRef, requestObject }) => objectRef?.subresource === 'ephemeralcontainers' && requestObject !== undefined,
  );
}

/** Of the clusters that AUDIT_CLUSTERS names. Default: the one of CLUSTER_NAME. */
export function auditLogs(): string[] {
  const { AUDIT_CLUSTERS: names, CLUSTER_NAME } = process.env;
  const clusters = (names?.split(' ') ?? [CLUSTER_NAME]).map((name) => cluster({ ...process.env, CLUSTER_NAME: name }));
  return clusters.flatMap(({ node }) => (node === undefined ? [] : [node.auditLog]));
}

async function logged(word: string, wanted: (event: AuditEvent) => boolean): Promise<AuditEvent[]> {
  return (await Promise.all(auditLogs().map((file) => loggedIn(file, word, wanted)))).flat();
}

async function loggedIn(file: string, word: string, wanted: (event: AuditEvent) => boolean): Promise<AuditEvent[]> {
  const found: AuditEvent[] = [];
  for await (const line of auditLines(file)) {
    if (!line.includes(word)) continue;
    const event = JSON.parse(line) as AuditEvent;
    // A watch that is still open has only started; its right was used all the same. Panic: whoever asked did not wait
    // for the answer.
    const ended = event.stage === 'ResponseComplete' || event.stage === 'Panic';
    if ((ended || (event.stage === 'ResponseStarted' && event.verb === 'watch')) && wanted(event)) found.push(event);
  }
  return found;
}

export function succeeded({ responseStatus }: AuditEvent): boolean {
  return responseStatus !== undefined && responseStatus.code < 300;
}

/** An exec or an attach: a GET or a POST, and what is done through it no request. */
export function isConnection({ objectRef }: AuditEvent): boolean {
  return objectRef?.resource === 'pods' && ['exec', 'attach'].includes(objectRef.subresource ?? '');
}
