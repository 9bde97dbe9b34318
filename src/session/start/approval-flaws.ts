import type { DebugApproval } from '../../api/debugapproval.ts';
import { DEFAULT_POLICY, type PolicyApproval } from '../../api/debugpolicy.ts';
import type { DebugSession } from '../../api/debugsession.ts';
import { durationOr } from '../../api/duration.ts';
import { fromTimestamp } from '../../api/time.ts';
import type { ApprovalsView } from '../look/approvals.ts';

/** For how long an approval counts where the policy says nothing. */
export const VALID_FOR = '1h';

/** What the judgement of approvals rests on. */
export interface ApprovalCase {
  session: DebugSession;
  /** Of the policy that counts. */
  policyName: string;
  demand: PolicyApproval;
  /** Absent: nobody has looked. */
  view: ApprovalsView | undefined;
}

/** Approvals of another attempt, or of an earlier session of the name, say nothing of this one, and need no word. */
export function isOfAttempt({ spec, metadata }: DebugApproval, session: DebugSession): boolean {
  if (spec.sessionName !== session.metadata.name || metadata.namespace !== session.metadata.namespace) return false;
  if (spec.attempt !== session.spec.attempt) return false;
  return spec.sessionUID === undefined || spec.sessionUID === session.metadata.uid;
}

/** What an approval is held to. */
export interface Measures {
  about: ApprovalCase;
  /** Of what is asked for now. */
  hash: string;
  /** What was created before proves nothing of its author, in ms since the epoch. */
  since: number;
  /** Ms since the epoch. Absent: the time is not judged. */
  at?: number;
  withoutRight?: readonly string[] | undefined;
}

/** Why a decision does not count, in the middle of a sentence. */
type Flaw = [why: string, applies: (approval: DebugApproval, measures: Measures) => boolean];

/** The first that applies is told. */
const FLAWS: readonly Flaw[] = [
  ['it is being deleted', ({ metadata }) => metadata.deletionTimestamp !== undefined],
  [
    'it was given before the admission policy on approvals was surely in force',
    (approval, { since }) => approval.spec.approvedBy === undefined || createdAt(approval) < since,
  ],
  [
    'they asked for the session themselves',
    ({ spec: { approvedBy } }, { about }) =>
      approvedBy !== undefined && isSamePerson(approvedBy, about.session.spec.requestedBy),
  ],
  [
    'it names another DebugPolicy',
    ({ spec: { policyName = DEFAULT_POLICY } }, { about }) => policyName !== about.policyName,
  ],
  ['it is about another request', ({ spec }, { hash }) => spec.requestHash !== hash],
  [
    'it names no uid and is older than the session',
    (approval, { about: { session } }) =>
      approval.spec.sessionUID === undefined &&
      createdAt(approval) < (fromTimestamp(session.metadata.creationTimestamp) ?? Infinity),
  ],
  ['they may not approve any more', ({ metadata }, { withoutRight = [] }) => withoutRight.includes(metadata.uid)],
  [
    'its time is over',
    (approval, { about, at }) =>
      approval.spec.decision === 'Approve' && at !== undefined && at >= endOfApproval(approval, about.demand),
  ],
];

/** Why a decision about this attempt does not count, in the middle of a sentence; undefined: it does. */
export function flawOf(approval: DebugApproval, measures: Measures): string | undefined {
  return FLAWS.find(([, applies]) => applies(approval, measures))?.[0];
}

/** By name or by uid: an account that was renamed keeps its uid. */
export function isSamePerson(
  one: { username: string; uid?: string },
  other: { username: string; uid?: string } | undefined,
): boolean {
  return one.username === other?.username || (one.uid !== undefined && one.uid !== '' && one.uid === other?.uid);
}

/** When the API server made it, in ms since the epoch. */
export function createdAt({ metadata }: DebugApproval): number {
  return fromTimestamp(metadata.creationTimestamp) ?? 0;
}

/** When it stops to count, in ms since the epoch. What is no duration is none. */
export function endOfApproval(approval: DebugApproval, { validFor = VALID_FOR }: PolicyApproval): number {
  return createdAt(approval) + durationOr(validFor, 0);
}
