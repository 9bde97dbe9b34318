import type { DebugSession, Run } from '../api/debugsession.ts';
import { Fault } from './fault.ts';
import type { Refusal } from './refusal-words.ts';
import { newestRun } from './words/standing.ts';

/**
 * The run of an attempt whose container has a log; the newest where none is named.
 * @throws Fault where there is no such attempt, or it has no container
 */
export function runOf(session: DebugSession, attempt: number | undefined): Run {
  const { name } = session.metadata;
  const run = attempt === undefined ? newestRun(session) : session.status?.runs?.find((one) => one.attempt === attempt);
  if (run === undefined)
    throw new Fault(`session ${name} has no attempt${attempt === undefined ? '' : ` ${attempt}`} that was started`);
  if (run.debugContainerName === undefined)
    throw new Fault(`attempt ${run.attempt} of session ${name} has no container: it never ran`);
  return run;
}

/** How the API server says that a pod of this name has no such container: another pod has taken the name. */
const OTHER_POD = /^container \S+ is not valid for pod /;

/** Why there is no log of a run, for people. */
export function noLogFault({ metadata }: DebugSession, run: Run, { kind, lines }: Refusal): Fault {
  if (kind !== 'NotFound' && !lines.some((line) => OTHER_POD.test(line))) return new Fault(lines);
  const { name, namespace } = metadata;
  return new Fault(
    `pod ${run.podName} is gone, and the output of session ${name} with it: kubectl dbg show ${name} -n ${namespace} has its record`,
  );
}
