import type { DebugSession, Run } from '../../api/debugsession.ts';
import type { StopConfirmedReason } from '../../api/reasons.ts';
import { fromTimestamp } from '../../api/time.ts';
import { currentRun, isLive } from './lifecycle.ts';

/**
 * What is known of the container of a run. Everything that depends on it is a column of {@link FATES}, so that no two
 * places can disagree. The record alone decides, and the time.
 */
export type Fate =
  /** It starts or runs as it should. */
  | 'live'
  /** No container was injected. */
  | 'absent'
  /** It stands in the pod, was not seen to run, and the kubelet may start it. */
  | 'mayStart'
  /** The same, but its supervisor refuses a start by now. Only the inside of the container says so. */
  | 'startRefused'
  /** The same, and its last moment has passed as well. Only the inside of the container says so. */
  | 'lastMomentPassed'
  /** It stands in the pod and can never start: the API server and the kubelet say so. */
  | 'cannotStart'
  /** It runs although its run had failed before. */
  | 'startedLate'
  /** It has ended, and the kubelet runs it again. */
  | 'ranAgain'
  /** The kubelet reported that it ended. Its supervisor would still accept a second start. */
  | 'mayRunAgain'
  /** The kubelet reported that it ended. */
  | 'ended'
  /** Its pod went, and nobody saw it end. */
  | 'podLost'
  /** The kubelet lost sight of it. */
  | 'nodeLost';

/** What follows from a fate. */
export interface Consequences {
  /** Its container runs, or may: the session keeps its finalizer and the label by which the attach guard finds it. */
  needsGuard: boolean;
  /** Its pod is still looked at. */
  isWatched: boolean;
  /** It counts in the limits of its policy. */
  holdsPlace: boolean;
  /** The next attempt waits for it. */
  blocksNext: boolean;
  /** What `StopConfirmed` says. Undefined: the run is not over. */
  stop?: { status: 'True' | 'False' | 'Unknown'; reason: StopConfirmedReason };
}

const NOTHING = { needsGuard: false, isWatched: false, holdsPlace: false, blocksNext: false };
const ALL = { needsGuard: true, isWatched: true, holdsPlace: true, blocksNext: true };

/** One row for each fate. docs/ending.md prints it. */
export const FATES: Record<Fate, Consequences> = {
  live: ALL,
  absent: { ...NOTHING, stop: { status: 'True', reason: 'NothingToStop' } },
  mayStart: { ...ALL, stop: { status: 'Unknown', reason: 'MayStartLate' } },
  startRefused: { ...ALL, blocksNext: false, stop: { status: 'Unknown', reason: 'MayStartLate' } },
  // No place: it would be held for as long as the pod lives, for a container that was never seen to run
  // (docs/adr/0031).
  lastMomentPassed: {
    ...ALL,
    holdsPlace: false,
    blocksNext: false,
    stop: { status: 'Unknown', reason: 'LastMomentPassed' },
  },
  cannotStart: { ...NOTHING, stop: { status: 'True', reason: 'NothingToStop' } },
  startedLate: { ...ALL, stop: { status: 'False', reason: 'StartedLate' } },
  ranAgain: { ...ALL, stop: { status: 'False', reason: 'RanAgain' } },
  mayRunAgain: { ...NOTHING, isWatched: true, stop: { status: 'True', reason: 'Terminated' } },
  ended: { ...NOTHING, stop: { status: 'True', reason: 'Terminated' } },
  podLost: { ...NOTHING, stop: { status: 'Unknown', reason: 'ForceDeleted' } },
  nodeLost: { ...ALL, stop: { status: 'Unknown', reason: 'NodeLost' } },
};

/** The supervisor's clock is boot time plus time since boot, in whole seconds: it may be over a second behind. */
export const CLOCK_SLACK_MS = 2_000;

/** The kubelet never starts it: the API server lets nobody change the image of an ephemeral container. */
const NEVER_STARTS = 'InvalidImageName';

/** @param now ms since the epoch */
export function fateOf(run: Run, now: number): Fate {
  if (isLive(run)) return 'live';
  const again = secondFate(run);
  if (again !== undefined) return again;
  if (run.podGoneAt !== undefined) return 'podLost';
  if (run.exitCode !== undefined && run.reason !== 'ContainerStatusUnknown') return endedAt(run, now);
  if (run.endedBy === 'PodGone' || run.endedBy === 'Eviction') return 'podLost';
  if (run.reason === 'ContainerStatusUnknown') return 'nodeLost';
  if (run.injectedAt === undefined) return 'absent';
  if (run.state === 'StartedLate') return 'startedLate';
  return run.reason === NEVER_STARTS ? 'cannotStart' : unstarted(run, now);
}

/** Of a container that the kubelet ran again; undefined: it did not, or what is known of the first decides. */
function secondFate({ ranAgain, containerID }: Run): Fate | undefined {
  if (ranAgain === undefined) return undefined;
  if (ranAgain.finishedAt === undefined) return 'ranAgain';
  if (ranAgain.lost === true) return 'podLost';
  // The one that went out of sight was seen again, and to end.
  return ranAgain.containerID === containerID ? 'ended' : undefined;
}

/**
 * Until `startBy` a supervisor lets its command run a second time, should the node lose the record of the first. Of a
 * container that ended with its pod there is no second.
 */
function endedAt({ containerID, startBy, endedBy }: Run, now: number): Fate {
  const isPast = containerID === undefined || endedBy === 'PodGone' || now >= (fromTimestamp(startBy) ?? 0);
  return isPast ? 'ended' : 'mayRunAgain';
}

function unstarted(run: Run, now: number): Fate {
  const [startBy, lastMoment] = [fromTimestamp(run.startBy), fromTimestamp(run.lastMoment)];
  if (lastMoment === undefined) return 'mayStart';
  if (now >= lastMoment) return 'lastMomentPassed';
  return startBy === undefined || now < startBy + CLOCK_SLACK_MS ? 'mayStart' : 'startRefused';
}

/** What follows from what is known of a run's container. @param now ms since the epoch */
export function consequencesOf(run: Run, now: number): Consequences {
  return FATES[fateOf(run, now)];
}

/** The run is over, and its container runs all the same. */
export function isStray(run: Run, now: number): boolean {
  const fate = fateOf(run, now);
  return fate === 'startedLate' || fate === 'ranAgain';
}

/**
 * A run of the session whose container runs or may: while there is one, its finalizer stays. First one that runs
 * although it is over, then the newest.
 */
export function guardedRun(runs: readonly Run[] = [], now: number): Run | undefined {
  const guarded = runs.filter((run) => consequencesOf(run, now).needsGuard);
  return guarded.findLast((run) => isStray(run, now)) ?? guarded.at(-1);
}

/**
 * The run whose pod is looked at: the newest while it lives, then one of which more may become known, and the newest
 * where there is none.
 */
export function runToLookAt(session: DebugSession, now: number): Run | undefined {
  const run = currentRun(session);
  if (run === undefined || isLive(run)) return run;
  return guardedRun(session.status?.runs, now) ?? run;
}

/**
 * An earlier run whose container runs or may in the pod of the newest, which lives. The next attempt does not wait for
 * a container whose supervisor refuses a start by now, and only the inside says that it does.
 */
export function runBeside(session: DebugSession, now: number): Run | undefined {
  const run = currentRun(session);
  if (run === undefined || !isLive(run)) return undefined;
  const earlier = session.status?.runs?.filter(
    ({ attempt, podUID }) => attempt !== run.attempt && podUID === run.podUID,
  );
  return guardedRun(earlier, now);
}

/** When the fate of a run changes with time alone, in ms since the epoch. Undefined: never, as far as is known now. */
export function nextFate(run: Run, now: number): number | undefined {
  const [startBy, lastMoment] = [fromTimestamp(run.startBy), fromTimestamp(run.lastMoment)];
  switch (fateOf(run, now)) {
    case 'mayStart':
      return lastMoment === undefined || startBy === undefined ? lastMoment : startBy + CLOCK_SLACK_MS;
    case 'startRefused':
      return lastMoment;
    case 'mayRunAgain':
      return startBy;
    default:
      return undefined;
  }
}
