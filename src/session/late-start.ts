import type { RanAgain, Run, StopCause } from '../api/debugsession.ts';
import { fromTimestamp, toTimestamp } from '../api/time.ts';
import { oneLine } from '../text/one-line.ts';
import { MAX_MESSAGE } from './conditions.ts';
import { stoppedBy } from './ending.ts';
import { mayRunAgain, mayStartLate, runsAgain } from './lifecycle.ts';
import { observe, type Seen } from './observation.ts';
import { writeIfChanged } from './outcome.ts';
import { pursueEnd } from './plan-ending.ts';
import { identityOf } from './run-record.ts';
import type { EventIntent, Plan, Situation } from './situation.ts';
import { stopConfirmation } from './stop-confirmation.ts';
import * as story from './story.ts';

/** The supervisor's clock is boot time plus time since boot, both in whole seconds: it may be more than a second behind. */
const CLOCK_SLACK_MS = 2_000;

/** Why a container will never start, whatever becomes of its image: its name cannot be changed, and a pod that has finished starts nothing. */
const NEVER_STARTS: readonly string[] = ['InvalidImageName', 'PodFinished'];

/**
 * A new attempt waits for the one before it: two containers of one session must not run at a time, and only the newest is looked after. It waits while that
 * container runs, late or again, and as long as it could start: with a supervisor until `startBy`, without one as long as it stands in the pod.
 */
export function holdsBack(run: Run, now: number): boolean {
  if (runsAgain(run)) return true;
  if (!mayStartLate(run, now)) return false;
  if (run.state === 'StartedLate') return true;
  if (NEVER_STARTS.includes(run.reason ?? '')) return false;
  const startBy = run.lastMoment === undefined ? undefined : fromTimestamp(run.startBy);
  return startBy === undefined || now < startBy + CLOCK_SLACK_MS;
}

/** A raised attempt behind a run that may still get its container, or has: end that one, and say what is waited for. It is not judged before its time. */
export function planHeld(situation: Situation, run: Run): Plan {
  const { session, now } = situation;
  const { run: known, events, stray } = lookAgain(situation, run);
  const what = `container ${known.debugContainerName} of attempt ${known.attempt}`;
  const wait = (record: Run, message: string, news: { events: EventIntent[]; wakeAt?: number | undefined }): Plan =>
    writeIfChanged(situation, {
      record,
      standing: { phase: 'Pending', reason: 'PreviousRunNotOver', message },
      events: [...events, ...news.events],
      ...(news.wakeAt !== undefined && news.wakeAt > now && { wakeAt: news.wakeAt }),
    });
  if (stray !== undefined) {
    const how = stray === 'RanAgain' ? 'runs again after its end' : 'started late and runs';
    const message = `${what} ${how}: attempt ${session.spec.attempt} starts when it has ended`;
    return pursueEnd(situation, known, stray, (record, _unconfirmed, more, wakeAt) =>
      wait(record, message, { events: more, wakeAt }),
    );
  }
  if (runsAgain(known))
    return wait(
      known,
      `${what} ran again when it was last seen: attempt ${session.spec.attempt} starts when it has ended`,
      { events: [] },
    );
  if (known.lastMoment === undefined)
    return wait(
      known,
      `${what} may still start, and has no supervisor: attempt ${session.spec.attempt} starts when it has run and ended, or its pod is gone; another session can debug meanwhile`,
      { events: [] },
    );
  const message = `${what} may still start until ${known.startBy}: attempt ${session.spec.attempt} starts after that`;
  return wait(known, message, { events: [], wakeAt: (fromTimestamp(known.startBy) ?? now) + CLOCK_SLACK_MS });
}

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
