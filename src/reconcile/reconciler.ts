import type { DebugSession } from '../api/debugsession.ts';
import type { Result } from '../runtime/controller.ts';
import type { Situation } from '../session/look/situation.ts';
import type { Effect, Plan } from '../session/plan/effect.ts';
import { interestOf, plan, planUnseen } from '../session/plan/plan.ts';
import { isWaiting } from '../session/run/lifecycle.ts';
import { Effects, type EffectsParts } from './effects.ts';
import { givesUpUninjected, givesUpUnstarted } from './gives-up.ts';
import { Looks, type LooksParts } from './looks.ts';
import { isPolled, pauseOf } from './poll.ts';
import type { PressureLookup } from './pressure-lookup.ts';
import { intentOf, type Known, Review } from './review.ts';
import { RunMemory } from './run-memory.ts';

export type ReconcilerParts = Omit<LooksParts, 'memory'> &
  Omit<EffectsParts, 'memory' | 'looks'> & {
    /** Looks at the node and the use of a pod in which a run begins. Absent: nobody looks. */
    pressure?: Pick<PressureLookup, 'look'> | undefined;
    /** Told of each step that is about to be done, for metrics. */
    onPlan?: (session: DebugSession, step: Plan) => void;
  };

/**
 * A clean session needs three effects in a row (finalizer, intent, injection); more than this in one go is a loop of
 * our own.
 */
const MAX_PASSES = 8;

/**
 * One session at a time: look, plan, do ONE effect, tell. The answer of a write is what the next pass starts from, so a
 * session goes from applied to injected without waiting for our own echoes.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  readonly #looks: Looks;
  readonly #effects: Effects;
  readonly #review: Review;

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
    const { rules, pressure, clock } = parts;
    const memory = new RunMemory();
    const looks = new Looks({ ...parts, memory });
    this.#looks = looks;
    this.#effects = new Effects({ ...parts, memory, looks });
    this.#review = new Review({
      rules,
      pressure,
      clock,
      plan: (situation) => this.#plan(situation),
      stands: (...about) => looks.stands(...about),
    });
  }

  async reconcile(key: string, signal: AbortSignal): Promise<Result> {
    const known: Known = {};
    for (let pass = 0; pass < MAX_PASSES; pass += 1) {
      const session = this.#parts.sessions.get(key);
      if (session === undefined) {
        // It may have gone while a pass was under way, which took a place after that and got no answer.
        this.#parts.places.follow(key, undefined);
        this.#looks.release(key);
        return {};
      }
      const early = planUnseen(session, this.#parts.clock.now());
      const situation =
        early === undefined ? await this.#looks.at(key, session, signal, known) : this.#looks.ahead(key, session);
      const step = early ?? (await this.#review.of(situation, this.#plan(situation), { known, signal }));
      this.#parts.onPlan?.(session, step);
      if (await this.#isOutdated(situation, step, signal)) continue;
      const trying = this.#effects.perform(situation, step, signal);
      this.#review.ahead(situation, step, { known, signal });
      const tried = await trying;
      if (tried === 'conflict') return { requeue: true };
      if (tried === 'gone') return {};
      if (step.effect.kind !== 'none') continue;
      this.#parts.control.settle(session, situation.actions);
      this.#parts.control.settle(session, situation.actionsBeside);
      // The look may have taken longer than there was something to see.
      if (interestOf(session, situation.now).kind === 'none') this.#looks.release(key);
      return resultOf(step, situation);
    }
    throw new Error(`session ${key} did not come to rest within ${MAX_PASSES} passes`);
  }

  /** Whether a run would be given up for what a watch has not shown, and the pod itself shows. */
  async #isOutdated(situation: Situation, step: Plan, signal: AbortSignal): Promise<boolean> {
    const { session } = situation;
    if (givesUpUninjected(session, step)) return this.#looks.newestStands(session, signal);
    return givesUpUnstarted(situation, step) && this.#looks.hasChanged(situation, signal);
  }

  /**
   * Counts the places, and takes one for a run that is to begin, in one go: nothing is waited for in between, so that
   * no two take the same.
   */
  #plan(situation: Situation): Plan {
    const { session, sighting } = situation;
    const { places } = this.#parts;
    const pod = sighting.kind === 'present' ? sighting.pod : undefined;
    const step = plan({ ...situation, others: places.othersFor(session, pod) });
    const run = intentOf(session, step.effect);
    if (run !== undefined) places.claim(session, run);
    else places.unclaim(session);
    if (beginsToWait(session, step.effect)) places.claimWait(session);
    return step;
  }
}

/** It is told that it waits, and was not before. */
function beginsToWait(session: DebugSession, effect: Effect): boolean {
  return effect.kind === 'writeStatus' && effect.status.phase === 'Pending' && !isWaiting(session);
}

function resultOf({ requeueAfterMs }: Plan, situation: Situation): Result {
  const soonest = isPolled(situation)
    ? Math.min(requeueAfterMs ?? Infinity, pauseOf(situation.session, situation.now))
    : requeueAfterMs;
  return soonest === undefined ? {} : { requeueAfterMs: soonest };
}
