import type { RanAgain, Run, StopCause } from '../../api/debugsession.ts';
import { toTimestamp } from '../../api/time.ts';
import { oneLine } from '../../text/one-line.ts';
import { MAX_MESSAGE } from '../../api/conditions.ts';
import { stoppedBy } from '../run/ending.ts';
import { mayRunAgain, mayStartLate } from '../run/lifecycle.ts';
import { observe, type Seen } from '../run/observation.ts';
import { identityOf } from '../run/record.ts';
import type { EventIntent } from '../status/events.ts';
import type { Situation } from '../look/situation.ts';
import { stopConfirmation } from '../status/stop-confirmation.ts';
import * as story from '../status/events.ts';

/** What a second look at a run that is over tells. */
export interface SecondLook {
  run: Run;
  events: EventIntent[];
  /** Why its container has to be ended, if it runs. */
  stray?: StopCause;
}

/** The record of a run that is over, with what became of its container since. */
export function lookAgain(situation: Situation, run: Run): SecondLook {
  const { session, sighting, now } = situation;
  if (mayRunAgain(run, now)) return lookForSecondRun(situation, run);
  if (!mayStartLate(run, now)) return { run, events: [] };
  const seen = observe(run, session.metadata.uid, sighting);
  if (seen.kind === 'running') {
    const late: Run = { ...run, ...identityOf(seen), state: 'StartedLate' };
    const events = run.state === 'StartedLate' ? [] : [story.startedLate(late, stopConfirmation(late, now).message)];
    return { run: late, events, stray: 'StartedLate' };
  }
  const stillRuns: SecondLook = {
    run,
    events: [],
    ...(run.state === 'StartedLate' && { stray: 'StartedLate' as const }),
  };
  if (seen.kind !== 'terminated' && seen.kind !== 'podGone') return stillRuns;
  // The kubelet has lost sight of it, which is no report of an end.
  if (seen.terminated?.reason === 'ContainerStatusUnknown') return stillRuns;
  if (seen.terminated === undefined) return { run: { ...run, endedBy: 'PodGone' }, events: [] };
  const { exitCode } = seen.terminated;
  const route = stoppedBy(run, seen.terminated, 'pod' in seen ? seen.pod : undefined);
  const message = oneLine(`${run.message ?? ''}; started late and ended with exit code ${exitCode}`, MAX_MESSAGE);
  const ended: Run = { ...run, ...identityOf(seen), state: 'StartedLate', exitCode, message };
  return { run: route === undefined ? ended : { ...ended, endedBy: route }, events: [] };
}

/**
 * A container under the name of one that has ended, with another ID: the node had lost the record of the first (its container was removed there),
 * and the kubelet ran it again (k/k#124176).
 */
function lookForSecondRun({ session, sighting, now }: Situation, run: Run): SecondLook {
  const seen = observe(run, session.metadata.uid, sighting);
  const { ranAgain } = run;
  if (seen.kind === 'podGone') return { run: goneWithPod(run, seen, now), events: [] };
  if (seen.kind !== 'running' && seen.kind !== 'terminated') return { run, events: [] };
  const { containerID } = seen;
  if (containerID === undefined || containerID === run.containerID) return { run, events: [] };
  const isKnown = ranAgain?.containerID === containerID;
  const again = isKnown ? ranAgain : { containerID, seenAt: toTimestamp(now) };
  const end = seen.kind === 'terminated' ? (seen.terminated.finishedAt ?? toTimestamp(now)) : undefined;
  const known = withSecondRun(run, again, end);
  const events = isKnown ? [] : [story.ranAgain(known)];
  return { run: known, events, ...(seen.kind === 'running' && { stray: 'RanAgain' as const }) };
}

function goneWithPod(run: Run, { containerID, terminated }: Seen<'podGone'>, now: number): Run {
  const { ranAgain } = run;
  if (ranAgain === undefined) return run;
  const end = containerID === ranAgain.containerID ? terminated?.finishedAt : undefined;
  return end === undefined
    ? withSecondRun(run, { ...ranAgain, lost: true }, toTimestamp(now))
    : withSecondRun(run, ranAgain, end);
}

/** Its end is set once. */
function withSecondRun(run: Run, again: RanAgain, end: string | undefined): Run {
  const finishedAt = again.finishedAt ?? end;
  return { ...run, ranAgain: finishedAt === undefined ? again : { ...again, finishedAt } };
}
