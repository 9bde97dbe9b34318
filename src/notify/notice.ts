import type { DebugSession, Run } from '../api/debugsession.ts';
import type { Plan } from '../session/plan/effect.ts';
import type { EventIntent } from '../session/status/events.ts';
import { oneLine } from '../text/one-line.ts';

/** The kinds of notices. */
export const NOTICE_KINDS = ['approval.required', 'run.started', 'run.ended', 'stop.unconfirmed'] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** What happened, for people who have to act. */
export interface Notice {
  kind: NoticeKind;
  /** The same however often this is told. */
  id: string;
  namespace: string;
  name: string;
  /** ms since the epoch. */
  at: number;
  data: NoticeData;
}

/**
 * The fields of a notice. Each is one printable line. Environment, command, arguments and what the container wrote are
 * not among them: they can hold secrets.
 */
export interface NoticeData {
  namespace: string;
  session: string;
  sessionUID: string;
  attempt: number;
  /** The words of the event that `kubectl describe` shows. */
  message: string;
  requester?: string;
  justification?: string;
  policy?: string;
  approvedBy?: string[];
  pod?: string;
  podUID?: string;
  node?: string;
  container?: string;
  image?: string;
  startedAt?: string;
  expiresAt?: string;
  finishedAt?: string;
  /** Ended; or Failed, when the command never ran. */
  state?: string;
  reason?: string;
  endedBy?: string;
  exitCode?: number;
}

/** The events of a session that are told as notices. */
const KINDS: Readonly<Record<string, NoticeKind>> = {
  ApprovalRequired: 'approval.required',
  Started: 'run.started',
  Ended: 'run.ended',
  Cancelled: 'run.ended',
  Failed: 'run.ended',
  Rejected: 'run.ended',
  StopUnconfirmed: 'stop.unconfirmed',
};

/** Characters of a text that somebody wrote: a chat message has to stay readable. */
const MAX_TEXT = 500;

/**
 * The notices of a step that was done: what its events say, with what the status says then.
 * @param now ms since the epoch
 */
export function noticesOf(session: DebugSession, step: Plan, now: number): Notice[] {
  return step.events.flatMap((event) => {
    const kind = KINDS[event.reason];
    return kind === undefined ? [] : [noticeOf(session, { kind, event, run: runOf(session, step), now })];
  });
}

interface About {
  kind: NoticeKind;
  event: EventIntent;
  run: Run | undefined;
  now: number;
}

function noticeOf(session: DebugSession, { kind, event, run, now }: About): Notice {
  const { namespace, name, uid } = session.metadata;
  const attempt = run?.attempt ?? session.spec.attempt;
  const data: NoticeData = {
    ...{ namespace, session: name, sessionUID: uid, attempt, message: oneLine(event.note, MAX_TEXT) },
    ...(run === undefined ? askedOf(session) : { ...askedOfRun(run), ...placeOf(run) }),
    ...(kind === 'run.ended' && run !== undefined && endOf(run)),
  };
  return { kind, id: `${uid}-${attempt}-${kind}`, namespace, name, at: now, data };
}

/** Of a session whose newest attempt has no run yet. */
function askedOf({ spec }: DebugSession): Partial<NoticeData> {
  const { requestedBy, justification, policyName, image } = spec;
  return {
    ...given('requester', requestedBy?.username),
    ...given('justification', justification),
    ...given('policy', policyName),
    ...given('image', image),
  };
}

function askedOfRun({ requestedBy, justification, policyName, image, approvedBy }: Run): Partial<NoticeData> {
  return {
    ...given('requester', requestedBy?.username),
    ...given('justification', justification),
    ...given('policy', policyName),
    ...given('image', image),
    ...(approvedBy && { approvedBy: approvedBy.map(({ username }) => oneLine(username, MAX_TEXT)) }),
  };
}

function placeOf(run: Run): Partial<NoticeData> {
  return {
    ...given('pod', run.podName),
    ...given('podUID', run.podUID),
    ...given('node', run.nodeName),
    ...given('container', run.debugContainerName),
    ...given('startedAt', run.startedAt),
    ...given('expiresAt', run.expiresAt),
    ...given('finishedAt', run.finishedAt),
  };
}

function endOf({ state, reason, endedBy, exitCode }: Run): Partial<NoticeData> {
  return {
    state,
    ...given('reason', reason),
    ...given('endedBy', endedBy),
    ...(exitCode !== undefined && { exitCode }),
  };
}

function given<K extends string>(key: K, text: string | undefined): { [key in K]?: string } {
  return text === undefined ? {} : ({ [key]: oneLine(text, MAX_TEXT) } as { [key in K]: string });
}

/** The newest run, as it is after the step. Absent while the newest attempt has none. */
function runOf(session: DebugSession, { effect }: Plan): Run | undefined {
  const status = effect.kind === 'writeStatus' ? effect.status : session.status;
  return status?.runs?.find(({ attempt }) => attempt === session.spec.attempt);
}
