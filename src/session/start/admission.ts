import type { Authority } from '../look/authority.ts';
import { later, never, type Objection } from '../look/objection.ts';
import type { DebugSession } from '../../api/debugsession.ts';
import { fromTimestamp } from '../../api/time.ts';
import { currentRun, isWaiting } from '../run/lifecycle.ts';

/**
 * A policy that has just been made or changed is not in force at once at every API server, in ms: 1 to 3 s were
 * measured.
 */
export const PROPAGATION_MS = 5_000;

/**
 * Why it is not certain that a session was admitted under the policy, if it is not. Fail closed: what was asked for
 * while the policy was not surely in force is not injected, later either. A refused attempt is over; the next one is
 * asked for under the policy.
 */
export function admissionOf(session: DebugSession, authority: Authority): Objection | undefined {
  switch (authority.kind) {
    case 'waived':
      return undefined;
    case 'unread':
      return later('AdmissionPolicyMissing', `The requester is not known: ${authority.message}`);
    case 'missing':
      return never('AdmissionPolicyMissing', `The requester is not known: ${authority.message}`);
    case 'inForce':
      return admittedSince(session, authority.since);
  }
}

function admittedSince(session: DebugSession, since: number): Objection | undefined {
  if (session.spec.requestedBy === undefined) {
    const message = `The session was requested without the admission policy (spec.requestedBy is absent); raise spec.attempt to ask again`;
    return never('AdmissionPolicyMissing', message);
  }
  const found = foundAdmittedAt(session);
  const isCertain = found === undefined ? askedAfter(session) >= since + PROPAGATION_MS : found >= since;
  if (isCertain) return undefined;
  const message = `The admission policy changed after the session was requested, or shortly before, so the requester is not certain; raise spec.attempt to ask again`;
  return never('AdmissionPolicyMissing', message);
}

/** Of an attempt that waits: when it was found to be admitted. That holds as long as the policy is what it was. */
function foundAdmittedAt(session: DebugSession): number | undefined {
  return isWaiting(session) ? fromTimestamp(session.status?.acceptedAt) : undefined;
}

/**
 * A moment before which the attempt was not asked for, in ms since the epoch. While the run before it lived, it was
 * either raised already when that run was over, or not: the record says so. Never a node's time.
 */
function askedAfter(session: DebugSession): number {
  const { intendedAt, overAt, raised } = currentRun(session) ?? {};
  const times = [session.metadata.creationTimestamp, intendedAt, ...(raised === true ? [] : [overAt])];
  return Math.max(...times.map((time) => fromTimestamp(time) ?? 0));
}
