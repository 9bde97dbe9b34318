import { findCondition } from '../../api/conditions.ts';
import type { DebugSession, During, Run } from '../../api/debugsession.ts';
import { TERMINAL_PHASES } from '../../api/reasons.ts';
import { fromTimestamp } from '../../api/time.ts';
import { fateOf, FATES } from '../../session/run/fate.ts';
import { requestOf } from '../../session/start/intent.ts';
import { stopConfirmation } from '../../session/status/stop-confirmation.ts';
import { oneLine } from '../../text/one-line.ts';
import { attacherWords } from '../words/attacher.ts';

/**
 * Where an attempt stands. Waiting: it has not begun. Starting: its container is injected or about to be. Failed: it
 * never ran, or ran only after it had been given up.
 */
export type RowState = 'Waiting' | 'Starting' | 'Running' | 'Ended' | 'Failed';

/**
 * One attempt of a session, as a report has it. All texts are one printable line, all times RFC 3339 in UTC. A field
 * without a value is absent.
 */
export interface ReportRow {
  namespace: string;
  session: string;
  /** UID of the session: names come again. */
  uid: string;
  attempt: number;
  /** Absent: the session was requested without the admission policy, or before it. */
  requester?: string;
  /** `spec.requestedBy`: what the admission policy lets through. None: nothing says who asked. */
  requesterFrom: 'spec.requestedBy' | 'None';
  /** Why, in the words of the requester. */
  reason?: string;
  policy?: string;
  /** What it needed of the policy's `allow`. */
  allowances: string[];
  pod?: string;
  podUID?: string;
  node?: string;
  /** The container whose processes it joined. */
  joined?: string;
  container?: string;
  image?: string;
  imageID?: string;
  command?: string;
  /** Who else could attach, such as `group sre`. */
  attachers: string[];
  asked?: string;
  started?: string;
  ended?: string;
  /** Of a container that runs: until now. Absent: it never ran. */
  durationSeconds?: number;
  deadline?: string;
  state: RowState;
  /** The container runs, or is about to. */
  live: boolean;
  endedBy?: string;
  endReason?: string;
  endMessage?: string;
  exitCode?: number;
  /** `StopConfirmed` of this attempt. Absent: it has not begun. */
  stopConfirmed?: 'True' | 'False' | 'Unknown';
  stopMessage?: string;
  /** What happened to the pod meanwhile, such as `OOMKilled of container app at 2026-11-28T10:00:00Z`. */
  during: string[];
  /** Fields of the container that admission changed. */
  changed: string[];
}

/** A reason may be long; a report of thousands must not be. The CRD allows 1,024 characters for most texts. */
const MAX_TEXT = 1_100;

/** The rows of a session, one for each attempt. @param now ms since the epoch */
export function rowsOf(session: DebugSession, now: number): ReportRow[] {
  const runs = session.status?.runs ?? [];
  const rows = runs.map((run) => rowOfRun(session, run, now));
  const newest = runs.at(-1)?.attempt ?? 0;
  return session.spec.attempt > newest ? [...rows, rowWithoutRun(session)] : rows;
}

/**
 * Where an attempt was over before its intent was written, its record lacks what was asked for. The spec has it, if it
 * is still about this attempt.
 */
function withRequest(run: Run, { metadata, spec }: DebugSession): Run {
  if (run.intendedAt !== undefined || run.attempt !== spec.attempt) return run;
  return {
    ...requestOf(spec),
    ...(spec.policyName !== undefined && { policyName: spec.policyName }),
    ...(spec.target.containerName !== undefined && { joins: spec.target.containerName }),
    ...(spec.attempt === 1 && metadata.creationTimestamp !== undefined && { intendedAt: metadata.creationTimestamp }),
    ...run,
  };
}

function rowOfRun(session: DebugSession, recorded: Run, now: number): ReportRow {
  const run = withRequest(recorded, session);
  const { stop } = FATES[fateOf(recorded, now)];
  const confirmation = stopConfirmation(recorded, now);
  return withoutUndefined({
    ...placeOf(session),
    attempt: run.attempt,
    ...requesterOf(run.requestedBy?.username),
    reason: text(run.justification),
    policy: text(run.policyName),
    allowances: texts(run.allowances),
    pod: text(run.podName),
    podUID: text(run.podUID),
    node: text(run.nodeName),
    joined: text(run.joins),
    container: text(run.debugContainerName),
    image: text(run.image),
    imageID: text(run.imageID),
    command: text(run.commandLine),
    attachers: texts(run.attachers?.map(attacherWords)),
    asked: text(run.intendedAt),
    started: text(run.startedAt),
    ended: text(run.finishedAt),
    durationSeconds: durationOf(run, now),
    deadline: text(run.expiresAt),
    state: stateOf(run),
    live: stop === undefined || stop.status === 'False',
    endedBy: text(run.endedBy),
    endReason: run.finishedAt === undefined ? undefined : text(run.reason),
    endMessage: run.finishedAt === undefined ? undefined : text(run.message),
    exitCode: run.exitCode,
    stopConfirmed: confirmation.status,
    stopMessage: text(confirmation.message),
    during: (run.during ?? []).map((one) => duringWords(one)),
    changed: texts(run.changed),
  });
}

/** An attempt that waits, or was refused before there was anything to record of a pod. */
function rowWithoutRun(session: DebugSession): ReportRow {
  const { metadata, spec, status } = session;
  const { requestedBy, justification, commandLine, attachers = [] } = requestOf(spec);
  return withoutUndefined({
    ...placeOf(session),
    attempt: spec.attempt,
    ...requesterOf(requestedBy?.username),
    reason: text(justification),
    policy: text(spec.policyName),
    allowances: [],
    pod: text(spec.target.podName),
    joined: text(spec.target.containerName),
    image: text(spec.image),
    command: text(commandLine),
    attachers: texts(attachers.map(attacherWords)),
    asked: text(spec.attempt === 1 ? metadata.creationTimestamp : status?.waitingSince),
    ...standingWithoutRun(session),
    live: false,
    during: [],
    changed: [],
  });
}

type Standing = Pick<Made, 'ended' | 'state' | 'endReason' | 'endMessage' | 'stopConfirmed' | 'stopMessage'>;

function standingWithoutRun({ metadata, status }: DebugSession): Partial<Standing> {
  // The status may still be about the attempt before.
  if (status === undefined || (status.observedGeneration ?? -1) < (metadata.generation ?? 1)) {
    return { state: 'Waiting' };
  }
  const isOver = status.phase !== undefined && TERMINAL_PHASES.includes(status.phase);
  const why = findCondition(status.conditions, isOver ? 'Failed' : 'Reconciling');
  const said = { endReason: text(why?.reason ?? status.reason), endMessage: text(why?.message) };
  if (!isOver) return { state: 'Waiting', ...said };
  const stop = { stopConfirmed: 'True' as const, stopMessage: 'No container was injected' };
  return { state: 'Failed', ended: text(status.completedAt), ...said, ...stop };
}

function placeOf({ metadata }: DebugSession): Pick<ReportRow, 'namespace' | 'session' | 'uid'> {
  return { namespace: oneLine(metadata.namespace), session: oneLine(metadata.name), uid: oneLine(metadata.uid) };
}

function requesterOf(username: string | undefined): Pick<ReportRow, 'requesterFrom'> & { requester?: string } {
  return username === undefined
    ? { requesterFrom: 'None' }
    : { requester: oneLine(username, MAX_TEXT), requesterFrom: 'spec.requestedBy' };
}

const STATES: Readonly<Record<Run['state'], RowState>> = {
  Starting: 'Starting',
  Running: 'Running',
  StartedLate: 'Failed',
  Ended: 'Ended',
  Failed: 'Failed',
};

function stateOf({ state }: Run): RowState {
  return STATES[state];
}

function durationOf({ startedAt, finishedAt }: Run, now: number): number | undefined {
  const from = fromTimestamp(startedAt);
  if (from === undefined) return undefined;
  // The clock of the node may be before or behind the one of this machine.
  return Math.max(0, Math.round(((fromTimestamp(finishedAt) ?? now) - from) / 1000));
}

function duringWords({ what, containerName, at, exitCode }: During): string {
  const where = containerName === undefined ? '' : ` of container ${containerName}`;
  return oneLine(`${what}${where} at ${at}${exitCode === undefined ? '' : `, exit code ${exitCode}`}`, MAX_TEXT);
}

function text(value: string | undefined): string | undefined {
  const line = value === undefined ? '' : oneLine(value, MAX_TEXT);
  return line === '' ? undefined : line;
}

function texts(values: readonly string[] | undefined): string[] {
  return (values ?? []).map((value) => oneLine(value, MAX_TEXT));
}

/** A row as it is made: each optional field may be undefined instead of absent. */
type Made = { [K in keyof ReportRow]: ReportRow[K] | undefined };

function withoutUndefined(row: Partial<Made>): ReportRow {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as unknown as ReportRow;
}
