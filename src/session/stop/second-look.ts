import type { RanAgain, Run, StopCause } from '../../api/debugsession.ts';
import { MAX_MESSAGE } from '../../api/conditions.ts';
import { toTimestamp } from '../../api/time.ts';
import { oneLine } from '../../text/one-line.ts';
import type { Situation } from '../look/situation.ts';
import { stoppedBy } from '../run/ending.ts';
import { type Fate, FATES, fateOf } from '../run/fate.ts';
import { observe, type Observation, type Seen } from '../run/observation.ts';
import { identityOf } from '../run/record.ts';
import { lostWithPod, withoutFinding, withSecondRun } from '../run/second-run.ts';
import type { EventIntent } from '../status/events.ts';
import * as events from '../status/events.ts';
import { stopConfirmation } from '../status/stop-confirmation.ts';

/** What a second look at a run that is over tells. */
export interface SecondLook {
  run: Run;
  events: EventIntent[];
  /** Why its container has to be ended, if it runs. */
  stray?: StopCause;
}

/** The record of a run that is over, with what became of its container since. */
export function lookAgain(situation: Situation, run: Run): SecondLook {
  const fate = fateOf(run, situation.now);
  if (!FATES[fate].isWatched) return { run, events: [] };
  const seen = observe(run, situation.session.metadata.uid, situation.sighting);
  return hasRun(fate) ? lookForSecondRun(situation, run, seen) : lookForLateStart(situation, run, seen);
}

/** Its container was seen to run and to end, or to go out of sight. */
function hasRun(fate: Fate): boolean {
  return fate === 'mayRunAgain' || fate === 'ranAgain' || fate === 'nodeLost';
}

function lookForLateStart(situation: Situation, run: Run, seen: Observation): SecondLook {
  const { now } = situation;
  if (seen.kind === 'running') {
    const late: Run = { ...run, ...identityOf(seen), state: 'StartedLate' };
    const isNews = run.state !== 'StartedLate';
    const told = isNews ? [events.startedLate(late, stopConfirmation(late, now).message)] : [];
    return { run: late, events: told, stray: 'StartedLate' };
  }
  const terminated = reportedEnd(seen);
  if (terminated !== undefined) return { run: endedLate(run, terminated, seen), events: [] };
  if (hasGone(seen)) return { run: { ...run, endedBy: 'PodGone', podGoneAt: toTimestamp(now) }, events: [] };
  return { run, events: [], ...(run.state === 'StartedLate' && { stray: 'StartedLate' as const }) };
}

/** That the kubelet has lost sight of a container is no report of its end. */
function reportedEnd(seen: Observation): Seen<'terminated'>['terminated'] | undefined {
  const terminated = seen.kind === 'terminated' || seen.kind === 'podGone' ? seen.terminated : undefined;
  return terminated?.reason === 'ContainerStatusUnknown' ? undefined : terminated;
}

/** Nothing of the pod runs any more, or can be seen to: it is gone, or the kubelet has reported its last phase. */
function hasGone(seen: Observation): boolean {
  if (seen.kind === 'podGone') return true;
  const phase = 'pod' in seen && seen.kind !== 'running' ? seen.pod.status.phase : undefined;
  return phase === 'Succeeded' || phase === 'Failed';
}

function endedLate(run: Run, terminated: Seen<'terminated'>['terminated'], seen: Observation): Run {
  const { exitCode } = terminated;
  const identity = seen.kind === 'terminated' || seen.kind === 'podGone' ? identityOf(seen) : {};
  const route = stoppedBy(run, terminated, 'pod' in seen ? seen.pod : undefined);
  const message = oneLine(`${run.message ?? ''}; started late and ended with exit code ${exitCode}`, MAX_MESSAGE);
  const ended: Run = { ...run, ...identity, state: 'StartedLate', exitCode, message };
  return route === undefined ? ended : { ...ended, endedBy: route };
}

/**
 * A container under the name of one that has ended, with another ID: the node had lost the record of the first (its
 * container was removed there), and the kubelet ran it again (k/k#124176). Of one that went out of sight the ID may be
 * the same.
 */
function lookForSecondRun({ now }: Situation, run: Run, seen: Observation): SecondLook {
  const isLost = fateOf(run, now) === 'nodeLost';
  const foundAgain = isLost && seen.kind === 'terminated' ? foundEnd(run, seen) : undefined;
  if (foundAgain !== undefined) return { run: foundAgain, events: [] };
  if (seen.kind === 'podGone' || (isLost && hasGone(seen))) return { run: goneWithPod(run, seen, now), events: [] };
  if (!isSecondRun(run, seen, isLost)) return { run, events: [] };
  return withSeen(run, seen, now);
}

/** The record with a second run, as it was seen to run or to end. */
function withSeen(run: Run, seen: Seen<'running'> | Seen<'terminated'>, now: number): SecondLook {
  const { ranAgain } = run;
  const { containerID = '' } = seen;
  const isKnown = ranAgain?.containerID === containerID;
  // Should the kubelet take an end back, it is taken back here: what runs has not ended.
  const isTakenBack = seen.kind === 'running' && ranAgain?.finishedAt !== undefined;
  const again = isKnown && !isTakenBack ? ranAgain : { containerID, seenAt: toTimestamp(now) };
  const terminated = reportedEnd(seen);
  const end = terminated === undefined ? undefined : (terminated.finishedAt ?? toTimestamp(now));
  const known = withSecondRun(isKnown ? run : withoutFinding(run), again, end);
  const told = isKnown ? [] : [events.ranAgain(known)];
  return { run: known, events: told, ...(seen.kind === 'running' && { stray: 'RanAgain' as const }) };
}

/** The kubelet reports the end of a container that it had lost sight of. */
function foundEnd(run: Run, seen: Seen<'terminated'>): Run | undefined {
  const { finishedAt } = reportedEnd(seen) ?? {};
  const isSame = seen.containerID === undefined || seen.containerID === run.containerID;
  if (!isSame || finishedAt === undefined) return undefined;
  const containerID = run.containerID ?? seen.containerID ?? '';
  return { ...run, containerID, ranAgain: { containerID, seenAt: finishedAt, finishedAt } };
}

function isSecondRun(run: Run, seen: Observation, isLost: boolean): seen is Seen<'running'> | Seen<'terminated'> {
  if (seen.kind !== 'running' && seen.kind !== 'terminated') return false;
  // That the kubelet has lost sight of the second as well is no report of its end.
  if (seen.kind === 'terminated' && reportedEnd(seen) === undefined) return false;
  const { containerID } = seen;
  if (run.ranAgain !== undefined && (containerID ?? '') === run.ranAgain.containerID) return true;
  return (containerID !== undefined && containerID !== run.containerID) || (isLost && seen.kind === 'running');
}

function goneWithPod(run: Run, seen: Observation, now: number): Run {
  const known = run.ranAgain === undefined ? run : secondGone(run, run.ranAgain, seen, now);
  // The first went out of sight, and nobody hears of it any more, also where the second was seen to end.
  return fateOf(known, now) === 'nodeLost' ? { ...known, podGoneAt: toTimestamp(now) } : known;
}

function secondGone(run: Run, ranAgain: RanAgain, seen: Observation, now: number): Run {
  const { containerID, terminated } = seen.kind === 'podGone' ? seen : {};
  const end = containerID === ranAgain.containerID ? terminated?.finishedAt : undefined;
  return end === undefined ? lostWithPod(run, now) : withSecondRun(run, ranAgain, end);
}
