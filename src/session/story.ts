import type { DebugSession, Run } from '../api/debugsession.ts';
import { oneLine } from '../text/one-line.ts';
import type { EventIntent } from './situation.ts';

// The events of a session's life, in the order in which `kubectl describe` tells them.

type Told = Pick<EventIntent, 'type' | 'reason' | 'action' | 'note'>;

/** In the order of a life, so that the keys sort as the story goes. */
const STEPS = [
  'Accepted',
  'Injected',
  'Started',
  'TtlChangeRefused',
  'StopUnconfirmed',
  'Ended',
  'Failed',
  'StartedLate',
];

function tell(attempt: number, run: Run | undefined, told: Told): EventIntent {
  const step = STEPS.indexOf(told.reason);
  const order = `${String(attempt).padStart(2, '0')}-${step < 0 ? STEPS.length : step}`;
  const pod = run?.podName === undefined ? {} : { podName: run.podName, ...(run.podUID && { podUID: run.podUID }) };
  return { ...told, note: oneLine(told.note), key: `${order}-${told.reason}`, on: 'session', ...pod };
}

export function accepted(session: DebugSession): EventIntent {
  const { attempt, justification } = session.spec;
  const why = justification === undefined ? '' : `: ${justification}`;
  return tell(attempt, undefined, {
    type: 'Normal',
    reason: 'Accepted',
    action: 'Accept',
    note: `Attempt ${attempt} accepted${why}`,
  });
}

export function injected(run: Run): EventIntent {
  const joined = run.effective?.supervisor === 'None' ? ', without a supervisor: it ends by itself only' : '';
  const note = `Injected container ${run.debugContainerName} (${run.image}) into pod ${run.podName}${joined}`;
  return tell(run.attempt, run, { type: 'Normal', reason: 'Injected', action: 'Inject', note });
}

export function started(run: Run): EventIntent {
  const note = `Container ${run.debugContainerName} runs in pod ${run.podName} on node ${run.nodeName}; its time is over at ${run.expiresAt}`;
  return tell(run.attempt, run, { type: 'Normal', reason: 'Started', action: 'Start', note });
}

export function ended(run: Run): EventIntent {
  const code = run.exitCode === undefined ? '' : ` with exit code ${run.exitCode}`;
  const note = `Container ${run.debugContainerName} ended${code}, by ${run.endedBy}${duration(run)}: ${run.message}`;
  const type = run.endedBy === 'PodGone' && run.exitCode === undefined ? 'Warning' : 'Normal';
  return tell(run.attempt, run, { type, reason: 'Ended', action: 'End', note });
}

export function failed(run: Run): EventIntent {
  const reason = run.reason === 'Lapsed' ? 'Rejected' : 'Failed';
  const note = `Attempt ${run.attempt} failed (${run.reason}): ${run.message}`;
  return tell(run.attempt, run, { type: 'Warning', reason, action: reason === 'Failed' ? 'Fail' : 'Reject', note });
}

export function overdue(run: Run, message: string): EventIntent {
  return tell(run.attempt, run, { type: 'Warning', reason: 'StopUnconfirmed', action: 'Stop', note: message });
}

export function startedLate(run: Run, message: string): EventIntent {
  return tell(run.attempt, run, { type: 'Warning', reason: 'StartedLate', action: 'Start', note: message });
}

export function ttlChangeRefused(run: Run, wanted: string, generation: number): EventIntent {
  const note = `ttl ${wanted} counts for the next attempt: the container that runs was started with ${run.effective?.ttl} and ends at ${run.expiresAt}`;
  const told = tell(run.attempt, run, { type: 'Warning', reason: 'TtlChangeRefused', action: 'ChangeTtl', note });
  return { ...told, key: `${told.key}-${generation}` };
}

/** On the pod, because the session that it speaks of is about to be gone. */
export function releasedAlive(session: DebugSession, run: Run): EventIntent {
  const end =
    run.lastMoment === undefined
      ? 'ends by itself only'
      : `ends by itself at ${run.expiresAt ?? run.lastMoment} at the latest`;
  const note = `DebugSession ${session.metadata.name} was deleted while its container ${run.debugContainerName} had not ended; it ${end}`;
  return {
    ...tell(run.attempt, run, { type: 'Warning', reason: 'SessionDeletedWhileRunning', action: 'Release', note }),
    on: 'pod',
  };
}

function duration(run: Run): string {
  if (run.startedAt === undefined || run.finishedAt === undefined) return '';
  const seconds = Math.max(0, Math.round((Date.parse(run.finishedAt) - Date.parse(run.startedAt)) / 1000));
  return ` after ${seconds} s`;
}
