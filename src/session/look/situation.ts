import type { DebugSession, PeakMemory } from '../../api/debugsession.ts';
import type { Authority } from './authority.ts';
import type { Actions } from './actions.ts';
import type { Objection } from './objection.ts';
import type { Others } from './places.ts';
import type { PressureLook } from './pressure.ts';
import type { Sighting } from './sighting.ts';
import type { Rules } from './rules.ts';

/** What the planner knows: the session as stored, what was seen of its target, and the time (ms since the epoch). */
export interface Situation {
  session: DebugSession;
  sighting: Sighting;
  now: number;
  /**
   * When this process saw its injection succeed, in ms; lost with a restart, and then the time of the next look stands
   * in for it.
   */
  injectedAt?: number;
  /** Absent: nothing is known of it yet. */
  authority?: Authority;
  /** What its policy allows. Absent: nothing is known of it yet. */
  rules?: Rules;
  /** Who else lives or waits. Absent: nobody. */
  others?: Others;
  /**
   * Why it is not certain, right before the injection, that who asked may use the policy. Absent: it is, or was not
   * asked.
   */
  denied?: Objection;
  /** What was seen of the node and of what the pod uses, when a run begins. Absent: nobody has looked. */
  pressure?: PressureLook;
  /** What the samples of this process say of the memory of a run. Absent: there is none. */
  sampled?: PeakMemory & { attempt: number };
  /**
   * What the API server said to the last try to inject the container of the newest run. Absent: nothing, or it has
   * taken it.
   */
  refused?: Objection;
  /** The runtime of a node can be asked to end a container (--node-stop-namespace). */
  stopsByNode?: true;
  /** What this process has done to the container of the newest run, and how that went; absent: nothing. */
  actions?: Actions;
  /** The same for an earlier run whose container stands beside a live one. */
  actionsBeside?: Actions;
}
