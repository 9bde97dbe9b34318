import type { DebugSession, DebugSessionStatus, Run } from '../api/debugsession.ts';
import type { Changes } from '../api/pod.ts';
import { ApiError } from '../kube/api-error.ts';
import type { Clock } from '../runtime/clock.ts';
import { RetryBy, TerminalError } from '../runtime/controller.ts';
import { changesOf } from '../session/container/makeup.ts';
import type { Objection } from '../session/look/objection.ts';
import type { Situation } from '../session/look/situation.ts';
import type { Effect, Plan } from '../session/plan/effect.ts';
import { planRefusal, planRenewal, retryBy, startDeadline } from '../session/plan/plan-run.ts';
import { isWaiting } from '../session/run/lifecycle.ts';
import { classifyRefusal } from '../session/start/refusal.ts';
import { injectedChanged } from '../session/status/events.ts';
import type { ContainerControl } from './container-control.ts';
import type { EventTeller } from './event-teller.ts';
import type { Looks } from './looks.ts';
import type { Places } from './places.ts';
import type { PodWatches } from './pod-watches.ts';
import type { RunMemory } from './run-memory.ts';
import { podOf, type SessionApi } from './session-api.ts';
import type { SessionCache } from './session-cache.ts';

export interface EffectsParts {
  sessions: SessionCache;
  pods: PodWatches;
  api: SessionApi;
  eventTeller: EventTeller;
  control: ContainerControl;
  places: Places;
  memory: RunMemory;
  looks: Pick<Looks, 'stands' | 'afresh'>;
  clock: Clock;
  /** Told of each step that was done, for metrics and the log. */
  onStep?: (session: DebugSession, step: Plan) => void;
}

/** Carries out what was planned: one write to the API server, and the events of it once it has succeeded. */
export class Effects {
  readonly #parts: EffectsParts;

  constructor(parts: EffectsParts) {
    this.#parts = parts;
  }

  /**
   * @returns done; gone: the session is not there any more; conflict: the session or its pod has changed since it was
   * looked at, and the next pass sees it
   * @throws RetryBy where the same injection may succeed later, and every other error of the API server
   */
  async perform(situation: Situation, step: Plan, signal: AbortSignal): Promise<'done' | 'gone' | 'conflict'> {
    const { effect } = step;
    const renewed = effect.kind === 'inject' ? await this.#renew(situation, effect.run, signal) : undefined;
    return renewed ?? this.#carryOut(situation, step, signal);
  }

  async #carryOut(situation: Situation, step: Plan, signal: AbortSignal): Promise<'done' | 'gone' | 'conflict'> {
    let changes: Changes | undefined;
    try {
      changes = await this.#effect(situation, step.effect, signal);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // The session itself was deleted meanwhile: nothing is left to write to.
      if (error.saysGone && step.effect.kind !== 'inject') return 'gone';
      // Somebody wrote it since we read it; the watch brings what they wrote.
      if (error.code === 409 && step.effect.kind !== 'inject') return 'conflict';
      if (step.effect.kind !== 'inject') throw error;
      // The pod has changed since it was looked at: what its policy says of it may not hold any more.
      if (error.code === 409) {
        await this.#parts.looks.afresh(situation.session, step.effect.run, signal);
        return 'conflict';
      }
      const refusal = classifyRefusal(error, step.effect.container.name);
      if (refusal.finality === 'later') throw this.#retry(situation, step.effect.run, { refusal, error });
      // An earlier try may have been carried out and its answer lost: the pod as it is now tells, the watch may not
      // have yet.
      if (!(await this.#parts.looks.stands(situation.session, step.effect.run, signal))) {
        return this.perform(situation, planRefusal(situation, step.effect.run, refusal), signal);
      }
    }
    this.#parts.onStep?.(situation.session, step);
    for (const event of step.events) this.#parts.eventTeller.tell(situation.session, injectedChanged(event, changes));
    return 'done';
  }

  /**
   * Writes the intent again where it is too old: what came before the injection may have taken long. The next pass
   * injects.
   * @returns undefined while the injection may be sent
   */
  async #renew(situation: Situation, run: Run, signal: AbortSignal): Promise<'done' | 'gone' | 'conflict' | undefined> {
    const now = this.#parts.clock.now();
    const renewal = planRenewal({ ...situation, now }, run);
    if (renewal === undefined) return undefined;
    try {
      return await this.perform(situation, renewal, signal);
    } catch (error) {
      // Without a renewal there is no injection. The run is given up in time all the same.
      if (error instanceof TerminalError) throw new RetryBy(error, startDeadline(run) - now);
      throw error;
    }
  }

  /**
   * What it said is part of the next situation. The pause before the next try does not go beyond what the planner has
   * to do in time.
   */
  #retry({ session }: Situation, run: Run, { refusal, error }: { refusal: Objection; error: ApiError }): RetryBy {
    this.#parts.memory.refused(session, run, refusal);
    const now = this.#parts.clock.now();
    return new RetryBy(error, retryBy(run, { now, notBefore: now + (error.retryAfterMs ?? 0) }) - now);
  }

  /** @returns what admission changed of a container that was injected */
  async #effect(situation: Situation, effect: Effect, signal: AbortSignal): Promise<Changes | undefined> {
    if (effect.kind === 'inject') return this.#inject(situation, effect, signal);
    await this.#change(situation, effect, signal);
    return undefined;
  }

  async #change(
    { session }: Situation,
    effect: Exclude<Effect, { kind: 'inject' }>,
    signal: AbortSignal,
  ): Promise<void> {
    const { api, sessions } = this.#parts;
    switch (effect.kind) {
      case 'none':
        return;
      case 'addFinalizer':
        return sessions.remember(await api.setGuard(session, true, signal));
      case 'removeFinalizer': {
        const answer = await api.setGuard(session, false, signal);
        const isLast = (answer.metadata.finalizers ?? []).length === 0;
        // Without the last finalizer a deleted session is gone with this very answer.
        if (session.metadata.deletionTimestamp !== undefined && isLast) return sessions.forget(answer);
        return sessions.remember(answer);
      }
      case 'writeStatus':
        return this.#writeStatus(session, effect.status, signal);
      case 'stop':
      case 'tellTtl':
        return this.#parts.control.begin(session, effect);
      case 'delete': {
        const left = await api.deleteSession(session, signal);
        return left === undefined ? sessions.forget(session) : sessions.remember(left);
      }
    }
  }

  async #writeStatus(session: DebugSession, status: DebugSessionStatus, signal: AbortSignal): Promise<void> {
    const { places } = this.#parts;
    try {
      await this.#store(session, status, signal);
    } catch (error) {
      if (error instanceof ApiError && error.code < 500) places.unclaim(session);
      else places.doubt(session);
      if (!isWaiting(session)) places.unclaimWait(session);
      throw error;
    }
    places.settle(session);
  }

  async #store(session: DebugSession, status: DebugSessionStatus, signal: AbortSignal): Promise<void> {
    const answer = await this.#parts.api.writeStatus(session, status, signal);
    if (answer.metadata.resourceVersion === session.metadata.resourceVersion) {
      // Written again it would be dropped again.
      throw new TerminalError(
        'the API server kept nothing of a new status: the installed resource (crds/) is older than this operator; to update it: kubectl apply -k config/crd',
      );
    }
    this.#parts.sessions.remember(answer);
  }

  async #inject(
    { session, sighting }: Situation,
    effect: Extract<Effect, { kind: 'inject' }>,
    signal: AbortSignal,
  ): Promise<Changes | undefined> {
    const { run, container, resourceVersion } = effect;
    const address = { ...podOf(session, run), ...(resourceVersion !== undefined && { resourceVersion }) };
    const known = sighting.kind === 'present' ? sighting.pod : undefined;
    const pod = await this.#parts.api.inject(address, container, { signal, known });
    this.#parts.memory.injected(session, run, this.#parts.clock.now());
    this.#parts.pods.remember(pod);
    const stands = pod.spec.ephemeralContainers?.find(({ name }) => name === container.name)?.makeup;
    return stands && changesOf(container, stands);
  }
}
