import type { Run, StopCause } from '../../api/debugsession.ts';
import type { Situation } from '../look/situation.ts';
import { type Fate, fateOf, nextFate } from '../run/fate.ts';
import { PREVIOUS_RUN_NOT_OVER } from '../run/lifecycle.ts';
import { lookAgain } from '../stop/second-look.ts';
import type { Plan } from './effect.ts';
import { pursueEnd } from './plan-ending.ts';
import { type Projection, writeThen } from './write-status.ts';

/**
 * A raised attempt behind a run whose container runs or may start: end that one, and say what is waited for. Two
 * containers of one session must not run at a time. The attempt is not judged before its time.
 */
export function planBlocked(situation: Situation, run: Run): Plan {
  const { session, now } = situation;
  const { run: known, events, stray } = lookAgain(situation, run);
  const what = `Container ${known.debugContainerName} of attempt ${known.attempt}`;
  const next = `attempt ${session.spec.attempt} starts`;
  const message = `${what} ${stateOf(known, fateOf(known, now), { stray, next })}`;
  const standing = { phase: 'Pending', reason: PREVIOUS_RUN_NOT_OVER, message } as const;
  const pursuit: Partial<Projection> = stray === undefined ? {} : pursueEnd(situation, known, stray);
  const record = pursuit.run ?? known;
  return writeThen(situation, {
    record,
    standing,
    events: [...events, ...(pursuit.events ?? [])],
    then: pursuit.then,
    wakeAt: pursuit.wakeAt ?? nextFate(record, now),
  });
}

function stateOf(run: Run, fate: Fate, { stray, next }: { stray: StopCause | undefined; next: string }): string {
  if (stray === 'RanAgain') return `runs again after its end; ${next} when it has ended`;
  if (stray !== undefined) return `started late and runs; ${next} when it has ended`;
  if (fate === 'ranAgain') return `ran again when it was last seen; ${next} when it has ended`;
  if (fate === 'nodeLost')
    return `has no status from the kubelet any more; ${next} when it has ended, or its pod is gone`;
  return run.lastMoment === undefined
    ? `may still start and has no supervisor; ${next} when it has run and ended, or its pod is gone. Another session can debug meanwhile`
    : `may still start until ${run.startBy}; ${next} after that`;
}
