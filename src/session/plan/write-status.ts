import type { Run } from '../../api/debugsession.ts';
import { sameJson } from '../../api/same-json.ts';
import { type Plan, rest, wakeBy } from './effect.ts';
import type { EventIntent } from '../status/events.ts';
import type { Situation } from '../look/situation.ts';
import { composeStatus, type Standing } from '../status/compose-status.ts';
import * as story from '../status/events.ts';

/** Writes the end of a run: from here on nothing changes its phase. */
export function finish(situation: Situation, run: Run): Plan {
  const { session, now } = situation;
  const status = composeStatus({ session, standing: { phase: 'Over' }, run, now });
  return { effect: { kind: 'writeStatus', status }, events: [story.over(run)] };
}

interface Write {
  run?: Run;
  /** See StatusInput. */
  record?: Run;
  standing: Standing;
  events: EventIntent[];
  /** See wakeBy. */
  wakeAt?: number | undefined;
}

/** Composing is deterministic, so an equal status is no write: idle sessions cost nothing. */
export function writeIfChanged({ session, now }: Situation, { run, record, standing, events, wakeAt }: Write): Plan {
  const status = composeStatus({ session, standing, now, ...(run && { run }), ...(record && { record }) });
  if (sameJson(status, session.status ?? {})) return rest(now, wakeAt);
  return wakeBy({ effect: { kind: 'writeStatus', status }, events }, now, wakeAt);
}
