import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { DebugSession, Run } from '../../../../src/api/debugsession.ts';
import { toTimestamp } from '../../../../src/api/time.ts';
import {
  FATES,
  type Fate,
  fateOf,
  guardedRun,
  isStray,
  nextFate,
  runBeside,
  runToLookAt,
} from '../../../../src/session/run/fate.ts';
import { stopConfirmation } from '../../../../src/session/status/stop-confirmation.ts';
import { aSession, NOON } from '../../../support/builders/builders.ts';
import { repositoryPath } from '../../../support/documents/crd.ts';

const MINUTE = 60_000;
const at = (ms: number): string => toTimestamp(NOON + ms);

const SUPERVISED = { startBy: at(MINUTE), lastMoment: at(5 * MINUTE) };

function aRun(run: Partial<Run>): Run {
  return { attempt: 1, podName: 'web', podUID: 'pod', debugContainerName: 'debug-1', state: 'Failed', ...run };
}

const INJECTED = { injectedAt: at(0) };
const FAILED = { ...INJECTED, ...SUPERVISED, reason: 'ImagePullFailed' };
const LAST_MOMENT_ALONE = { ...INJECTED, lastMoment: at(5 * MINUTE), reason: 'ImagePullFailed' };
const ENDED = { ...INJECTED, ...SUPERVISED, state: 'Ended', exitCode: 0, containerID: 'one' } as const;
const LOST = { ...ENDED, exitCode: 137, reason: 'ContainerStatusUnknown' } as const;
const SECOND = { containerID: 'two', seenAt: at(0) };

describe('the fate of a container', () => {
  it.each<[what: string, Partial<Run>, minutes: number, Fate]>([
    ['starts', { state: 'Starting' }, 0, 'live'],
    ['runs', { ...INJECTED, state: 'Running' }, 60, 'live'],
    ['was refused before the injection', { reason: 'PolicyDenied' }, 0, 'absent'],
    ['was not pulled in time', FAILED, 0, 'mayStart'],
    ['was not pulled, and its supervisor refuses by now', FAILED, 2, 'startRefused'],
    ['was not pulled, and its last moment has passed', FAILED, 6, 'lastMomentPassed'],
    ['was not pulled, and has no supervisor', { ...INJECTED, reason: 'ImagePullFailed' }, 600, 'mayStart'],
    ['was not pulled, and may not be refused by a clock that is behind', FAILED, 1, 'mayStart'],
    ['was not pulled, and has a last moment alone', LAST_MOMENT_ALONE, 2, 'mayStart'],
    ['has a name that no image has', { ...FAILED, reason: 'InvalidImageName' }, 0, 'cannotStart'],
    ['started late', { ...FAILED, state: 'StartedLate' }, 600, 'startedLate'],
    ['started late and has ended', { ...FAILED, state: 'StartedLate', exitCode: 143 }, 600, 'ended'],
    ['has ended a moment ago', ENDED, 0, 'mayRunAgain'],
    ['has ended long ago', ENDED, 2, 'ended'],
    ['ended with its pod a moment ago, as the kubelet reported', { ...ENDED, endedBy: 'PodGone' }, 0, 'ended'],
    ['could not be started', { ...FAILED, exitCode: 128, reason: 'StartError' }, 0, 'ended'],
    ['runs again', { ...ENDED, ranAgain: SECOND }, 0, 'ranAgain'],
    ['ran again, and ended a moment ago', { ...ENDED, ranAgain: { ...SECOND, finishedAt: at(9) } }, 0, 'mayRunAgain'],
    ['ran again and has ended', { ...ENDED, ranAgain: { ...SECOND, finishedAt: at(9) } }, 2, 'ended'],
    [
      'ran again in a pod that went',
      { ...ENDED, ranAgain: { ...SECOND, finishedAt: at(9), lost: true } },
      2,
      'podLost',
    ],
    // It once said `False StartedLate` for ever.
    [
      'started late, ended, ran again in a pod that went',
      { ...ENDED, state: 'StartedLate', ranAgain: { ...SECOND, finishedAt: at(9), lost: true } },
      2,
      'podLost',
    ],
    ['went with its pod, unseen', { ...INJECTED, state: 'Ended', endedBy: 'PodGone' }, 600, 'podLost'],
    ['was evicted, unseen', { ...INJECTED, state: 'Ended', endedBy: 'Eviction' }, 600, 'podLost'],
    ['may have been injected into a pod that went', { endedBy: 'PodGone' }, 0, 'podLost'],
    ['had not run when its pod went', { ...FAILED, endedBy: 'PodGone', podGoneAt: at(0) }, 0, 'podLost'],
    ['went out of sight', LOST, 600, 'nodeLost'],
    ['went out of sight, and then its pod', { ...LOST, podGoneAt: at(0) }, 600, 'podLost'],
    [
      'went out of sight, was seen again and to end',
      { ...LOST, ranAgain: { containerID: 'one', seenAt: at(0), finishedAt: at(9) } },
      600,
      'ended',
    ],
  ])('fateOf knows the fate of a container that %s', (_what, run, minutes, fate) => {
    expect(fateOf(aRun(run), NOON + minutes * MINUTE)).toBe(fate);
  });

  it('the fate of a container changes with time as nextFate says, and never goes back', () => {
    const run = aRun(FAILED);
    const met: Fate[] = [];
    let now: number | undefined = NOON;
    while (now !== undefined) {
      met.push(fateOf(run, now));
      now = nextFate(run, now);
    }
    expect(met).toEqual(['mayStart', 'startRefused', 'lastMomentPassed']);
  });
});

describe('nextFate', () => {
  it('the fate of a container that has a last moment alone changes at that moment', () => {
    expect(nextFate(aRun(LAST_MOMENT_ALONE), NOON)).toBe(NOON + 5 * MINUTE);
  });
});

describe('the run that the operator looks at', () => {
  const LATE = aRun({ ...FAILED, state: 'StartedLate' });
  const AGAIN = aRun({ ...ENDED, ranAgain: SECOND });
  const MAY_START = aRun({ ...FAILED, attempt: 2 });
  const NEWEST = aRun({ ...INJECTED, attempt: 2, state: 'Running' });
  const sessionWith = (...runs: Run[]): DebugSession =>
    aSession({}, { status: { attempt: runs.at(-1)?.attempt ?? 0, runs } });

  it.each([
    ['started late', LATE],
    ['runs again', AGAIN],
  ])('a run whose container %s comes before a later one that may start', (_words, stray) => {
    expect(isStray(stray, NOON)).toBe(true);
    expect(guardedRun([stray, MAY_START], NOON)).toBe(stray);
    expect(runToLookAt(sessionWith(stray, MAY_START), NOON)).toBe(stray);
  });

  it('the newest run comes first where no container runs that is over', () => {
    const earlier = aRun(FAILED);
    expect(isStray(earlier, NOON)).toBe(false);
    expect(guardedRun([earlier, MAY_START], NOON)).toBe(MAY_START);
  });

  it('the operator looks at a live run, and beside it at an earlier one of the same pod', () => {
    const session = sessionWith(LATE, NEWEST);
    expect(runToLookAt(session, NOON)).toBe(NEWEST);
    expect(runBeside(session, NOON)).toBe(LATE);
    expect(runBeside(sessionWith({ ...LATE, podUID: 'another' }, NEWEST), NOON)).toBeUndefined();
  });

  it('the operator looks at no run of a session without an attempt', () => {
    expect([runToLookAt(sessionWith(), NOON), runBeside(sessionWith(), NOON)]).toEqual([undefined, undefined]);
    expect(guardedRun(undefined, NOON)).toBeUndefined();
  });
});

describe('the table of fates', () => {
  it('only the kubelet, or a container that cannot run, confirms an end', () => {
    const confirmed = Object.entries(FATES).filter(([, { stop }]) => stop?.status === 'True');
    expect(confirmed.map(([fate]) => fate)).toEqual(['absent', 'cannotStart', 'mayRunAgain', 'ended']);
  });

  it('a container whose end is not confirmed keeps its finalizer and is watched while its pod stands', () => {
    const open = Object.entries(FATES).filter(([fate, { stop }]) => stop?.status !== 'True' && fate !== 'podLost');
    expect(open.length).toBeGreaterThan(5);
    expect(open.filter(([, { needsGuard, isWatched }]) => !needsGuard || !isWatched)).toEqual([]);
  });

  it('StopConfirmed names on one line the container that may still run', () => {
    const message = stopConfirmation(aRun(FAILED), NOON).message;
    expect(message).toMatch(
      /^Container debug-1 of pod web has not run, and the kubelet may start it later; its supervisor refuses to start after .*Z/,
    );
  });

  it('docs/ending.md prints the table of fates', () => {
    const page = readFileSync(repositoryPath('docs/ending.md'), 'utf8');
    const printed = /<!-- fates -->\n([\s\S]*)\n<!-- \/fates -->/.exec(page)?.[1];
    expect(printed).toBe(table());
  });
});

const MEANINGS: Record<Fate, string> = {
  live: 'it starts or runs as it should',
  absent: 'no container was injected',
  mayStart: 'it has not run, and the kubelet may start it',
  startRefused: 'the same, and its supervisor refuses a start by now',
  lastMomentPassed: 'the same, and its last moment has passed',
  cannotStart: 'it can never start',
  startedLate: 'it runs, although its run had failed',
  ranAgain: 'the kubelet runs it again after its end',
  mayRunAgain: 'it has ended, and its supervisor would accept a second start',
  ended: 'it has ended',
  podLost: 'its pod went, and nobody saw it end',
  nodeLost: 'the kubelet lost sight of it',
};

function table(): string {
  const yes = (is: boolean): string => (is ? 'yes' : 'no');
  const rows = Object.entries(FATES).map(([fate, { needsGuard, isWatched, holdsPlace, blocksNext, stop }]) => {
    const said = stop === undefined ? 'not over yet' : `\`${stop.status}\` \`${stop.reason}\``;
    const cells = [needsGuard, isWatched, holdsPlace, blocksNext].map(yes);
    return `| ${MEANINGS[fate as Fate]} | ${cells.join(' | ')} | ${said} |`;
  });
  return [
    '',
    '| what is known of the container | keeps finalizer and guard | its pod is looked at | counts in limits | next attempt waits | `StopConfirmed` |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
  ].join('\n');
}
