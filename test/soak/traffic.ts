import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { auditLines, parseEvent, type AuditEvent } from '../support/cluster/audit-log.ts';

/** What one process asked of the API server, by the API server's own log. */
export interface Traffic {
  watches: WatchSeen[];
  requests: AuditEvent[];
}

/** Times as the log has them (RFC 3339 with microseconds): these sort as text. */
export interface WatchSeen {
  began: string;
  /** Absent: the log has no end of it. */
  ended?: string;
}

/** An event of the log with the words about the token that it came with. */
type TokenEvent = AuditEvent & { user: { extra?: Record<string, string[]> } };

const CREDENTIAL = 'authentication.kubernetes.io/credential-id';

/**
 * The mark by which the log tells a token from others of the same account
 * (kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#token-controller).
 * @param kubeconfig a file with such a token
 */
export function credentialOf(kubeconfig: string): string {
  const { users } = parse(readFileSync(kubeconfig, 'utf8')) as { users: { user: { token?: string } }[] };
  const payload = users[0]?.user.token?.split('.')[1] ?? '';
  const { jti } = JSON.parse(Buffer.from(payload, 'base64url').toString() || '{}') as { jti?: string };
  if (jti === undefined) throw new Error(`${kubeconfig} holds no token with an ID`);
  return `JTI=${jti}`;
}

/** @returns by the credential. All are read in one pass: the log has hundreds of MB. */
export async function readTraffic(file: string, credentials: readonly string[]): Promise<Map<string, Traffic>> {
  const events = new Map<string, AuditEvent[]>(credentials.map((credential) => [credential, []]));
  for await (const line of auditLines(file)) {
    if (!credentials.some((credential) => line.includes(credential))) continue;
    const event = parseEvent(line) as TokenEvent | undefined;
    const [credential = ''] = event?.user.extra?.[CREDENTIAL] ?? [];
    // Without the bodies, which would fill the memory.
    if (event !== undefined)
      events.get(credential)?.push({ ...event, requestObject: undefined, responseObject: undefined });
  }
  return new Map([...events].map(([credential, all]) => [credential, trafficOf(all)]));
}

export function trafficOf(events: readonly AuditEvent[]): Traffic {
  const watches = new Map<string, WatchSeen>();
  const requests: AuditEvent[] = [];
  for (const event of events) {
    const { auditID, stage, stageTimestamp, verb } = event;
    if (verb !== 'watch') requests.push(event);
    else if (stage === 'ResponseStarted') watches.set(auditID, { ...watches.get(auditID), began: stageTimestamp });
    // One that was refused never began.
    else if (watches.has(auditID))
      watches.set(auditID, { began: watches.get(auditID)?.began ?? '', ended: stageTimestamp });
  }
  return { watches: [...watches.values()], requests };
}

/**
 * How many watches were open at a moment.
 * @param restarts of the API server, each of which ended all that were open, whether or not the log says so
 */
export function openAt({ watches }: Traffic, moment: string, restarts: readonly string[]): number {
  return watches.filter(({ began, ended }) => {
    const end = ended ?? restarts.find((restart) => restart > began);
    return began <= moment && (end === undefined || end > moment);
  }).length;
}

/** What was asked from one moment on, without watches and the Lease: an operator with nothing to do asks nothing. */
export function askedSince({ requests }: Traffic, moment: string): string[] {
  return requests
    .filter(({ requestReceivedTimestamp: at, objectRef }) => at >= moment && objectRef?.resource !== 'leases')
    .map(({ requestReceivedTimestamp, verb, requestURI }) => `${requestReceivedTimestamp} ${verb} ${requestURI}`);
}
