import type { DebugSession, Run } from '../api/debugsession.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Objection } from '../session/look/objection.ts';
import type { PressureLook } from '../session/look/pressure.ts';
import type { Situation } from '../session/look/situation.ts';
import type { Effect, Plan } from '../session/plan/effect.ts';
import { refusesPressure } from '../session/start/pressure.ts';
import type { PressureLookup } from './pressure-lookup.ts';
import type { KnownLabels, RulesLookup } from './rules-lookup.ts';

/** What was found out in one go, and is not asked for again in the passes of it. */
export interface Known extends KnownLabels {
  pressure?: Promise<PressureLook> | undefined;
  /** Whether who asked may use the policy, asked beside the write of an intent. The injection takes it out. */
  denial?: AskedDenial | undefined;
}

interface AskedDenial {
  attempt: number;
  answer: Promise<Objection | undefined>;
  /** When the question was sent, monotonic ms. */
  askedAt: number;
}

/** An answer that was asked for longer ago than this is asked for again before an injection, in ms. */
const FRESH_MS = 1_000;

export interface ReviewParts {
  rules: Pick<RulesLookup, 'denial' | 'withoutRight'>;
  /** Absent: nobody looks at nodes, and at what pods use. */
  pressure: Pick<PressureLookup, 'look'> | undefined;
  plan: (situation: Situation) => Plan;
  /** Whether the container of the run stands in its pod, by what the API server says now. */
  stands: (session: DebugSession, run: Run, signal: AbortSignal) => Promise<boolean>;
  clock: Pick<Clock, 'monotonic'>;
}

interface Going {
  known: Known;
  signal: AbortSignal;
}

/**
 * What is asked before a run begins and before its container is injected, because no watch shows it: whether who asked
 * may still use the policy, whether the people who approved may still do so, and how much room there is. The first
 * question is sent beside the write of the intent, and again before an injection that does not follow at once
 * (docs/adr/0066). The look at the room goes on beside both. It is waited for before the intent only where the policy
 * refuses by it.
 *
 * The right to approve is asked for before the finalizer as well. Else the operator would put that on and take it off
 * for as long as an approval stands whose author may not approve.
 */
export class Review {
  readonly #parts: ReviewParts;

  constructor(parts: ReviewParts) {
    this.#parts = parts;
  }

  /** The step that was planned, or another by what was found out. */
  async of(situation: Situation, step: Plan, going: Going): Promise<Plan> {
    const { effect } = step;
    if (effect.kind === 'inject') return this.#injection(situation, { ...step, effect }, going);
    const intent = intentOf(situation.session, effect);
    const run = effect.kind === 'addFinalizer' ? effect.run : intent;
    if (run === undefined) return step;
    const changed = await this.#withRights(situation, run, going);
    // Without these approvals others may do, whose authors have not been asked about.
    if (changed !== undefined) return this.of(changed, this.#parts.plan(changed), going);
    return intent === undefined ? step : this.#beginning(situation, step, going);
  }

  /** Asks for the injection while the intent before it is written. */
  ahead({ session }: Situation, { effect }: Plan, { known, signal }: Going): void {
    const intent = intentOf(session, effect);
    if (intent === undefined) return;
    const { attempt } = intent;
    const askedAt = this.#parts.clock.monotonic();
    const answer = this.#parts.rules.denial(session, signal);
    // The injection hears of a failure. Without an injection nobody has to.
    answer.catch(() => undefined);
    known.denial = { attempt, answer, askedAt };
  }

  /** The answer that was asked for beside the intent counts for one injection, and for {@link FRESH_MS}. */
  #denial(session: DebugSession, { attempt }: Run, { known, signal }: Going): Promise<Objection | undefined> {
    const asked = known.denial;
    known.denial = undefined;
    const { clock, rules } = this.#parts;
    const isFresh = asked?.attempt === attempt && clock.monotonic() - asked.askedAt <= FRESH_MS;
    return isFresh ? asked.answer : rules.denial(session, signal);
  }

  async #beginning(situation: Situation, step: Plan, going: Going): Promise<Plan> {
    const look = this.#look(situation, going);
    if (look === undefined || !refusesPressure(situation.rules?.policy)) return step;
    return this.#parts.plan({ ...situation, pressure: await look });
  }

  async #injection(
    situation: Situation,
    step: Plan & { effect: Extract<Effect, { kind: 'inject' }> },
    going: Going,
  ): Promise<Plan> {
    const { plan, stands } = this.#parts;
    const { session } = situation;
    const [denied, pressure, changed] = await Promise.all([
      this.#denial(session, step.effect.run, going),
      this.#look(situation, going),
      this.#withRights(situation, step.effect.run, going),
    ]);
    if (denied === undefined && pressure === undefined && changed === undefined) return step;
    const reviewed = plan({ ...situation, ...changed, ...(denied && { denied }), ...(pressure && { pressure }) });
    // An earlier try may stand in the pod already, and its answer was lost.
    const isMoot = reviewed.effect.kind !== 'inject' && (await stands(session, step.effect.run, going.signal));
    return isMoot ? step : reviewed;
  }

  /** The situation with what was found out of those who approved the run. Undefined: they all may. */
  async #withRights(situation: Situation, run: Run, { signal }: Going): Promise<Situation | undefined> {
    const { session, rules } = situation;
    const view = rules?.approvals;
    if (run.approvedBy === undefined || rules === undefined || view?.kind !== 'known') return undefined;
    const lacking = await this.#parts.rules.withoutRight(session, { run, view }, signal);
    if (lacking.length === 0) return undefined;
    const approvals = { ...view, withoutRight: [...(view.withoutRight ?? []), ...lacking] };
    return { ...situation, rules: { ...rules, approvals } };
  }

  #look({ sighting }: Situation, { known, signal }: Going): Promise<PressureLook> | undefined {
    if (sighting.kind === 'present') known.pressure ??= this.#parts.pressure?.look(sighting.pod, signal);
    return known.pressure;
  }
}

/** The run that begins with this effect. */
export function intentOf({ status }: DebugSession, effect: Effect): Run | undefined {
  if (effect.kind !== 'writeStatus' || effect.status.phase !== 'Starting') return undefined;
  const { attempt, runs } = effect.status;
  return attempt === status?.attempt ? undefined : runs?.find((run) => run.attempt === attempt);
}
