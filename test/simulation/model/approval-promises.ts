import { parseDuration } from '../../../src/api/duration.ts';
import type { DebugApproval } from '../../../src/api/debugapproval.ts';
import type { PolicyApproval } from '../../../src/api/debugpolicy.ts';
import type { DebugSession, Run } from '../../../src/api/debugsession.ts';
import { requestHashOf } from '../../../src/api/request-hash.ts';

/**
 * For how long the operator may not know of a change yet, ms: a watch event, its request and the pause before a broken
 * watch is opened again take 10 s each at most, and times are known to the second.
 */
const UNKNOWN_FOR_MS = 31_000;

/** What was so once: it began and, if it is over, it ended. Ms since the epoch. */
interface Span {
  from: number;
  until: number;
}

/** The promises on approvals: nothing is injected that the people whom the policy asks for have not approved. */
export class ApprovalPromises {
  /** What the policy of all sessions demands. Undefined: nothing. */
  demand: PolicyApproval | undefined;
  now: () => number = () => 0;
  /** By uid. */
  readonly #approvals = new Map<string, { approval: DebugApproval; span: Span }>();
  /** What each session asked for, by its uid. */
  readonly #requests = new Map<string, { hash: string; span: Span }[]>();
  /** When each person had the right to approve. */
  readonly #rights = new Map<string, Span[]>();

  /** An approval is there, or is no more. */
  approval(approval: DebugApproval, isGone: boolean): void {
    const known = this.#approvals.get(approval.metadata.uid);
    if (known === undefined) this.#approvals.set(approval.metadata.uid, { approval, span: this.#begin() });
    else if (isGone) known.span.until = this.now();
  }

  /** A session is there, or has changed. */
  session(session: DebugSession): void {
    if (this.demand === undefined) return;
    const hash = requestHashOf(session.spec);
    const known = this.#requests.get(session.metadata.uid) ?? [];
    const newest = known.at(-1);
    if (newest?.hash === hash) return;
    if (newest !== undefined) newest.span.until = this.now();
    this.#requests.set(session.metadata.uid, [...known, { hash, span: this.#begin() }]);
  }

  right(username: string, isHeld: boolean): void {
    const known = this.#rights.get(username) ?? [];
    if (isHeld) this.#rights.set(username, [...known, this.#begin()]);
    else known.forEach((span) => (span.until = Math.min(span.until, this.now())));
  }

  mayApprove(username: string): boolean {
    return this.#rights.get(username)?.some(({ until }) => until === Infinity) === true;
  }

  /** What is wrong with an intent: an approval that has run out does not count. */
  intent(run: Run): string[] {
    const validFor = parseDuration(this.demand?.validFor ?? '1h');
    return (run.approvedBy ?? []).flatMap(({ at, username }) =>
      this.now() < Date.parse(at) + validFor + UNKNOWN_FOR_MS ? [] : [`the approval of ${username} had run out`],
    );
  }

  /** What is wrong with an injection of a run. @param session the one it is of, if it is still there */
  injection(run: Run, session: DebugSession | undefined): string[] {
    if (this.demand === undefined) return [];
    const by = run.approvedBy ?? [];
    const people = new Set(by.map(({ username }) => username));
    const broken = by.flatMap(({ approvalUID }) => this.#flawsOf(run, approvalUID, session));
    if (people.size < this.demand.required) broken.push(`${people.size} people approved, not ${this.demand.required}`);
    if (people.has(session?.spec.requestedBy?.username ?? '')) broken.push('the requester approved');
    const denial = this.#denialOf(run, session);
    if (denial !== undefined) broken.push(`${denial} denied it`);
    return broken.map((fault) => `${run.debugContainerName} was injected: ${fault}`);
  }

  #flawsOf(run: Run, uid: string, session: DebugSession | undefined): string[] {
    const known = this.#approvals.get(uid);
    if (known === undefined) return [`there never was an approval ${uid}`];
    const { spec } = known.approval;
    const broken: string[] = [];
    if (spec.decision !== 'Approve') broken.push('a denial counted as an approval');
    if (spec.attempt !== run.attempt) broken.push(`its approval is for attempt ${spec.attempt}`);
    if (!this.#isRecent(known.span)) broken.push('its approval was withdrawn');
    if (!this.#rights.get(spec.approvedBy?.username ?? '')?.some((span) => this.#isRecent(span)))
      broken.push(`${spec.approvedBy?.username} may not approve`);
    if (session === undefined) return broken;
    if (spec.sessionUID !== undefined && spec.sessionUID !== session.metadata.uid)
      broken.push('its approval is for another session');
    if (!this.#asked(session, spec.requestHash)) broken.push('its approval is for another request');
    return broken;
  }

  /** Somebody who denied it, so long ago that the operator knew. */
  #denialOf(run: Run, session: DebugSession | undefined): string | undefined {
    const { uid } = session?.metadata ?? {};
    const request = uid === undefined ? undefined : this.#requests.get(uid)?.at(-1);
    if (request === undefined || !this.#isKnown(request.span)) return undefined;
    for (const { approval, span } of this.#approvals.values()) {
      const { spec } = approval;
      const username = spec.approvedBy?.username ?? '';
      const isOfRun = spec.attempt === run.attempt && spec.sessionUID === uid;
      const counts = spec.decision === 'Deny' && spec.requestHash === request.hash && username !== REQUESTER;
      if (isOfRun && counts && this.#isKnown(span)) return username;
    }
    return undefined;
  }

  /** It is so now, and has been for so long that the operator knows. */
  #isKnown({ from, until }: Span): boolean {
    return from <= this.now() - UNKNOWN_FOR_MS && until === Infinity;
  }

  #asked({ metadata: { uid } }: DebugSession, hash: string): boolean {
    return this.#requests.get(uid)?.some((request) => request.hash === hash && this.#isRecent(request.span)) === true;
  }

  #isRecent({ until }: Span): boolean {
    return until >= this.now() - UNKNOWN_FOR_MS;
  }

  #begin(): Span {
    return { from: this.now(), until: Infinity };
  }
}

/** Everybody's sessions are hers. */
export const REQUESTER = 'dana';
