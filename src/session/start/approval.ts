import type { DebugApproval } from '../../api/debugapproval.ts';
import type { ExemptRequester } from '../../api/debugpolicy.ts';
import type { DebugSession, Run, RunApproval, WantedApproval } from '../../api/debugsession.ts';
import { requestHashOf } from '../../api/request-hash.ts';
import { oneLine } from '../../text/one-line.ts';
import { type ApprovalsView, UNREAD_APPROVALS } from '../look/approvals.ts';
import { later, never, type Objection } from '../look/objection.ts';
import type { Rules } from '../look/rules.ts';
import { PROPAGATION_MS } from './admission.ts';
import { policyNameOf } from './permission.ts';
import { type ApprovalCase, createdAt, endOfApproval, flawOf, isOfAttempt, isSamePerson } from './approval-flaws.ts';

/** How many approvals that do not count a message explains. */
const MAX_FLAWS = 3;

/**
 * When it is asked again whether somebody who approved may do so, in ms: no watch shows that they have got the right.
 */
const ASK_AGAIN_MS = 60_000;

/** Whether the people whom the policy asks for have approved what the session asks for. */
export type ApprovalJudgement =
  | { kind: 'exempt' }
  /** Of `required` people, the first ones. */
  | { kind: 'given'; by: RunApproval[] }
  /** `until`: when the first of those that count runs out, or is to be asked about again, in ms since the epoch. */
  | { kind: 'missing'; objection: Objection; wanted: WantedApproval; until: number | undefined }
  | { kind: 'refused'; objection: Objection };

/** What the policy of the session asks for. Undefined: nobody is asked, or the policy is not known. */
export function approvalCaseOf(session: DebugSession, rules: Rules | undefined): ApprovalCase | undefined {
  if (rules?.policy.kind !== 'found' || rules.policy.spec.approval === undefined) return undefined;
  return {
    session,
    policyName: policyNameOf(session),
    demand: rules.policy.spec.approval,
    view: rules.approvals,
  };
}

/** An approval that names the attempt, and why it does not count, if it does not. */
interface Examined {
  approval: DebugApproval;
  flaw: string | undefined;
}

/**
 * Judges the approvals of the attempt in the spec. A denial that counts outweighs any number of them.
 * @param at ms since the epoch
 * @param isIdentityWaived `--insecure-no-identity`: the requester is whoever they say
 */
export function judgeApproval(
  about: ApprovalCase,
  { at, isIdentityWaived }: { at: number; isIdentityWaived: boolean },
): ApprovalJudgement {
  const { session, policyName, demand, view = UNREAD_APPROVALS } = about;
  const { requestedBy } = session.spec;
  const asks = `DebugPolicy ${policyName} demands ${counted(demand.required)}`;
  if (requestedBy === undefined || isIdentityWaived)
    return refused(`${asks}, and the requester is not certain, so nobody can be known to be another person`);
  if (isExempt(session, demand.exempt)) return { kind: 'exempt' };
  if (view.kind === 'unread') return missing(about, `${asks}, and the approvals are not known: ${view.message}`);
  if (view.authority.kind !== 'inForce') {
    const why = 'message' in view.authority ? view.authority.message : 'it is waived';
    return missing(about, `${asks}, and it is not certain who approves: ${why}`);
  }
  const examined = examine(about, view, at);
  const denial = examined.find(({ approval, flaw }) => flaw === undefined && approval.spec.decision === 'Deny');
  if (denial !== undefined) return denied(denial.approval);
  const approvals = examined.filter(({ approval }) => approval.spec.decision === 'Approve');
  const given = onePerPerson(approvals.filter(({ flaw }) => flaw === undefined).map(({ approval }) => approval));
  if (given.length >= demand.required) return { kind: 'given', by: given.slice(0, demand.required).map(recordOf) };
  const lacking = view.withoutRight ?? [];
  const ends = given.map((approval) => endOfApproval(approval, demand)).concat(lacking.map(() => at + ASK_AGAIN_MS));
  const words = `${asks}, and ${have(given)}${flaws(approvals)}. ${remedy(session, policyName)}`;
  return missing(about, words, { given: given.length, until: ends.length === 0 ? undefined : Math.min(...ends) });
}

/** The run with the record of who approved it. */
export function withApproval(run: Run, judgement: ApprovalJudgement | undefined): Run {
  if (judgement?.kind === 'given') return { ...run, approvedBy: judgement.by };
  return judgement?.kind === 'exempt' ? { ...run, approvalExempt: true } : run;
}

/**
 * Why the approvals by which a run began do not hold any more, if they do not: before its injection, and while it runs.
 * That one has run out since is no reason. What cannot be read is none while a container runs.
 * @param by those that were recorded
 */
export function approvalLost(about: ApprovalCase, by: readonly RunApproval[] | undefined): Objection | undefined {
  const { session, policyName, demand, view = UNREAD_APPROVALS } = about;
  if (isExempt(session, demand.exempt)) return undefined;
  if (view.kind === 'unread') return later('ApprovalRequired', `The approvals are not known: ${view.message}`);
  const { approvals, withoutRight = [] } = view;
  if ((by?.length ?? 0) < demand.required)
    return lost(`DebugPolicy ${policyName} demands ${counted(demand.required)} since the run was recorded`);
  const hash = requestHashOf(session.spec);
  const standing = approvals.filter((approval) => isOfAttempt(approval, session));
  const denial = denialIn(about, standing);
  if (denial !== undefined) return denied(denial).objection;
  for (const { username, approvalUID } of by ?? []) {
    const approval = standing.find(({ metadata }) => metadata.uid === approvalUID);
    const why = whyLost(approval, { username, hash, policyName, withoutRight });
    if (why !== undefined) return lost(why);
  }
  return undefined;
}

/**
 * Whether an approval by which a run began was deleted while it runs, or somebody with the right denied it. What cannot
 * be read withdraws nothing, and that the spec has changed since neither: a requester may lower the ttl.
 */
export function isWithdrawn(about: ApprovalCase, by: readonly RunApproval[] = []): boolean {
  const { session, view } = about;
  if (by.length === 0 || view?.kind !== 'known') return false;
  const isGone = ({ approvalUID }: RunApproval): boolean =>
    !view.approvals.some(({ metadata }) => metadata.uid === approvalUID && metadata.deletionTimestamp === undefined);
  return (
    by.some(isGone) ||
    denialIn(
      about,
      view.approvals.filter((one) => isOfAttempt(one, session)),
    ) !== undefined
  );
}

/** @param approvals of this attempt */
function denialIn(about: ApprovalCase, approvals: readonly DebugApproval[]): DebugApproval | undefined {
  const { session, view } = about;
  if (view?.kind !== 'known' || view.authority.kind !== 'inForce') return undefined;
  const measures = { about, hash: requestHashOf(session.spec), since: view.authority.since + PROPAGATION_MS };
  return approvals.find((one) => one.spec.decision === 'Deny' && flawOf(one, measures) === undefined);
}

/** @param approval as it is now. Absent: it is gone */
function whyLost(
  approval: DebugApproval | undefined,
  about: { username: string; hash: string; policyName: string; withoutRight: readonly string[] },
): string | undefined {
  const { username, hash, policyName, withoutRight } = about;
  if (approval === undefined || approval.metadata.deletionTimestamp !== undefined)
    return `The approval of ${username} was withdrawn`;
  if (withoutRight.includes(approval.metadata.uid))
    return `${username}, who approved, may not approve under DebugPolicy ${policyName} any more`;
  return approval.spec.requestHash === hash ? undefined : `The request has changed since ${username} approved it`;
}

function lost(message: string): Objection {
  return never('ApprovalRequired', `${message}; raise spec.attempt to ask again`);
}

function refused(message: string): ApprovalJudgement {
  return { kind: 'refused', objection: never('ApprovalRequired', message) };
}

function denied({ spec: { approvedBy, reason } }: DebugApproval): Extract<ApprovalJudgement, { kind: 'refused' }> {
  const why = reason === undefined ? '' : `: ${quoted(reason)}`;
  const message = `${quoted(approvedBy?.username ?? '')} denied this attempt${why}`;
  return { kind: 'refused', objection: never('ApprovalDenied', message) };
}

function missing(
  { session, policyName, demand }: ApprovalCase,
  message: string,
  { given, until }: { given: number; until: number | undefined } = { given: 0, until: undefined },
): ApprovalJudgement {
  const requestHash = requestHashOf(session.spec);
  const wanted = { requestHash, policyName, required: demand.required, given };
  return { kind: 'missing', objection: later('ApprovalRequired', message), wanted, until };
}

/** Those of this attempt, oldest first: in the order in which they count. */
function examine(
  about: ApprovalCase,
  { approvals, authority, withoutRight }: Extract<ApprovalsView, { kind: 'known' }>,
  at: number,
): Examined[] {
  const hash = requestHashOf(about.session.spec);
  const since = authority.kind === 'inForce' ? authority.since + PROPAGATION_MS : Infinity;
  return approvals
    .filter((approval) => isOfAttempt(approval, about.session))
    .map((approval) => ({ approval, flaw: flawOf(approval, { about, hash, since, at, withoutRight }) }))
    .sort((a, b) => createdAt(a.approval) - createdAt(b.approval) || compare(nameOf(a), nameOf(b)));
}

/** Ten approvals of one person are one. */
function onePerPerson(approvals: readonly DebugApproval[]): DebugApproval[] {
  const people: DebugApproval[] = [];
  for (const approval of approvals) {
    const { approvedBy } = approval.spec;
    if (approvedBy !== undefined && !people.some(({ spec }) => isSamePerson(approvedBy, spec.approvedBy)))
      people.push(approval);
  }
  return people;
}

function isExempt({ spec: { requestedBy }, metadata }: DebugSession, exempt: readonly ExemptRequester[] = []): boolean {
  return exempt.some(({ kind, name, namespace = metadata.namespace }) => {
    if (kind === 'Group') return requestedBy?.groups?.includes(name) === true;
    const username = kind === 'User' ? name : `system:serviceaccount:${namespace}:${name}`;
    return requestedBy?.username === username;
  });
}

function recordOf(approval: DebugApproval): RunApproval {
  const { metadata, spec } = approval;
  const { username = '', uid } = spec.approvedBy ?? {};
  return {
    username,
    ...(uid !== undefined && { uid }),
    at: metadata.creationTimestamp ?? '',
    name: metadata.name,
    approvalUID: metadata.uid,
    ...(spec.reason !== undefined && { reason: oneLine(spec.reason, 1024) }),
  };
}

function nameOf({ approval }: Examined): string {
  return approval.metadata.name;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function counted(required: number): string {
  return required === 1 ? '1 approval' : `${required} approvals`;
}

function have(given: readonly DebugApproval[]): string {
  if (given.length === 0) return 'none is given';
  const names = given.map(({ spec }) => quoted(spec.approvedBy?.username ?? ''));
  return `${given.length} ${given.length === 1 ? 'is' : 'are'} given (by ${names.join(', ')})`;
}

function flaws(approvals: readonly Examined[]): string {
  const flawed = approvals.filter(({ flaw }) => flaw !== undefined);
  const told = flawed
    .slice(-MAX_FLAWS)
    .map(
      ({ approval, flaw }) =>
        `; that of ${quoted(approval.spec.approvedBy?.username ?? 'nobody')} does not count: ${flaw}`,
    );
  const more = flawed.length - told.length;
  return `${told.join('')}${more > 0 ? `; ${more} more ${more === 1 ? 'does' : 'do'} not count` : ''}`;
}

function remedy({ metadata: { name, namespace }, spec }: DebugSession, policyName: string): string {
  const requester = quoted(spec.requestedBy?.username ?? '');
  const right = `the verb approve on DebugPolicy ${policyName} in namespace ${namespace}`;
  return `Anybody but ${requester} with ${right} can give one: kubectl dbg approve ${name} -n ${namespace}`;
}

/** A name or a reason that somebody wrote, cut to what a message has room for. */
function quoted(text: string): string {
  return oneLine(text, 100);
}
