import { findCondition } from '../../api/conditions.ts';
import type { DebugSession, Run, WantedApproval } from '../../api/debugsession.ts';
import { TERMINAL_PHASES } from '../../api/reasons.ts';
import { fromTimestamp } from '../../api/time.ts';
import { oneLine } from '../../text/one-line.ts';

/** Where the newest attempt that is asked for stands. */
export type Standing =
  /** `words` is what is waited for, for people. */
  | { kind: 'waiting'; words: string }
  | { kind: 'running'; run: Run }
  | { kind: 'ending'; words: string }
  | { kind: 'over' };

const MAX_WORDS = 300;
/** From then on it is worth saying that nobody looks after the session. */
const UNSEEN_MS = 5_000;

/** @param now ms since the epoch, by the clock of this machine */
export function standingOf(session: DebugSession, now: number): Standing {
  const { metadata, status } = session;
  const seen = status?.observedGeneration ?? -1;
  if (seen < (metadata.generation ?? 1)) return { kind: 'waiting', words: unseen(session, now) };
  const phase = status?.phase ?? 'Pending';
  const run = newestRun(session);
  if (TERMINAL_PHASES.includes(phase)) return { kind: 'over' };
  const ending = endingCondition(session);
  if (ending !== undefined) return { kind: 'ending', words: `Ending: ${said(session, ending)}` };
  if (phase === 'Running' && run !== undefined) return { kind: 'running', run };
  if (status?.approval !== undefined) return { kind: 'waiting', words: unapproved(session, status.approval) };
  return {
    kind: 'waiting',
    words: phase === 'Starting' ? starting(session) : `Waiting: ${said(session, 'Reconciling')}`,
  };
}

/** What another person types, in a line that fits on a terminal. */
function unapproved({ metadata }: DebugSession, { given, required }: WantedApproval): string {
  const how = `kubectl dbg approve ${metadata.name} -n ${metadata.namespace}`;
  return oneLine(`Waiting for approval (${given} of ${required}): ${how}`, MAX_WORDS);
}

/**
 * The condition that says why it ends. A container whose pod is being deleted has been told to end, or has ended:
 * nobody comes in any more.
 */
function endingCondition({ status }: DebugSession): 'Running' | 'StopConfirmed' | undefined {
  if (status?.phase === 'Ending') return 'StopConfirmed';
  return status?.phase === 'Running' && status.reason === 'PodTerminating' ? 'Running' : undefined;
}

/** Until the kubelet says what it waits for, the image is what a person waits for. */
function starting(session: DebugSession): string {
  const { spec, status } = session;
  const reason = findCondition(status?.conditions, 'Reconciling')?.reason;
  if (reason !== 'Injecting') return `Starting: ${said(session, 'Reconciling')}`;
  return oneLine(`Starting ${spec.image} in pod ${status?.podName ?? ''}`, MAX_WORDS);
}

function said({ status }: DebugSession, type: 'Reconciling' | 'Running' | 'StopConfirmed'): string {
  return oneLine(findCondition(status?.conditions, type)?.message ?? '', MAX_WORDS);
}

/** The run of the highest attempt. */
export function newestRun({ status }: DebugSession): Run | undefined {
  return status?.runs?.at(-1);
}

function unseen({ metadata }: DebugSession, now: number): string {
  const since = now - (fromTimestamp(metadata.creationTimestamp) ?? now);
  if (since < UNSEEN_MS || (metadata.generation ?? 1) > 1) return 'Waiting for the operator';
  return `Waiting for the operator: check that it runs and watches namespace ${metadata.namespace}`;
}
