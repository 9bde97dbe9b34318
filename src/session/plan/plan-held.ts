import { lookAgain } from '../stop/second-look.ts';
import type { EventIntent } from '../status/events.ts';
import type { Plan } from './effect.ts';
import type { Run } from '../../api/debugsession.ts';
import type { Situation } from '../look/situation.ts';
import { fromTimestamp } from '../../api/time.ts';
import { mayStartLate, runsAgain } from '../run/lifecycle.ts';
import { pursueEnd } from './plan-ending.ts';
import { writeIfChanged } from './write-status.ts';
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
