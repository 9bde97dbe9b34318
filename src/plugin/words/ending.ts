import { findCondition } from '../../api/conditions.ts';
import type { DebugSession, Run } from '../../api/debugsession.ts';
import { fromTimestamp } from '../../api/time.ts';
import { oneLine } from '../../text/one-line.ts';
import { lengthOfTime } from './length-of-time.ts';
import { newestRun } from './standing.ts';

/** How a session ended, for people, and the exit code of `kubectl dbg` for it. */
export interface EndingWords {
  lines: string[];
  exitCode: number;
}

const MAX_MESSAGE = 1_100;
/** A command's exit code where the container's is not known, or the session never ran. */
const FAILED = 1;

/** Of a session that is over. `isKept`: it is not deleted now, so that its record can be looked at. */
export function endingWords(session: DebugSession, { isKept = true }: { isKept?: boolean } = {}): EndingWords {
  const { name } = session.metadata;
  const record = isKept ? [recordLine(session)] : [];
  if (session.status?.phase === 'Failed') {
    return { lines: [`Session ${name} failed:`, ...reasonsOf(session), ...record], exitCode: FAILED };
  }
  const run = newestRun(session);
  const line = `Session ${name} ${endedHow(session.status?.phase ?? '', run)}${doubt(session)}.`;
  return { lines: [line, ...record], exitCode: run?.exitCode ?? FAILED };
}

/** Where it is not certain that nothing runs any more. */
function doubt(session: DebugSession): string {
  const confirmed = findCondition(session.status?.conditions, 'StopConfirmed');
  if (confirmed?.status === 'True') return '';
  const open =
    newestRun(session)?.startedAt === undefined ? 'its container may still start' : 'it is not certain that it ended';
  return `; ${open}: ${oneLine(confirmed?.message ?? 'not reported yet', MAX_MESSAGE)}`;
}

const PHASE: Readonly<Record<string, string>> = {
  Completed: 'is completed',
  Expired: 'has expired',
  Cancelled: 'is cancelled',
};

/** Such as `is completed after 2m13s: the command ended by itself, exit code 7`. */
function endedHow(phase: string, run: Run | undefined): string {
  const what = PHASE[phase] ?? 'is over';
  if (run?.startedAt === undefined) return `${what} before it ran`;
  const ran = runLength(run);
  const message = oneLine(run.message ?? '', MAX_MESSAGE);
  const code = run.exitCode === undefined || message.includes('exit code') ? '' : `exit code ${run.exitCode}`;
  const how = [message, code].filter((part) => part !== '').join(', ');
  return `${what}${ran === undefined ? '' : ` after ${ran}`}${how === '' ? '' : `: ${how}`}`;
}

/** How long its container ran; undefined while that is not known. */
export function runLength({ startedAt, finishedAt }: Run): string | undefined {
  const [from, to] = [fromTimestamp(startedAt), fromTimestamp(finishedAt)];
  return from === undefined || to === undefined ? undefined : lengthOfTime(to - from);
}

/** Before the reasons of a refusal by a policy. */
const REFUSED = /^(DebugPolicy \S+ does not allow this): ([^]*)$/;

/** Why it failed: one line a reason, the last with what to do. */
export function reasonsOf(session: DebugSession): string[] {
  const failed = findCondition(session.status?.conditions, 'Failed');
  const message = oneLine(failed?.message ?? 'no reason given', MAX_MESSAGE);
  const [, refusal, reasons] = REFUSED.exec(message) ?? [];
  if (refusal === undefined || reasons === undefined) return [`  ${message}`];
  return [`  ${refusal}:`, ...reasons.split('; ').map((reason) => `    ${reason}`)];
}

/** Where the record is. */
export function recordLine({ metadata }: DebugSession): string {
  return `Record: kubectl dbg show ${metadata.name} -n ${metadata.namespace}`;
}
