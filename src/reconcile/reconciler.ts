import type { DebugSession, DebugSessionStatus, Run, WorkloadRef } from '../api/debugsession.ts';
import type { Changes } from '../api/pod.ts';
import { ApiError } from '../kube/api-error.ts';
import type { Clock } from '../runtime/clock.ts';
import { type Result, RetryBy, TerminalError } from '../runtime/controller.ts';
import { keyOf } from '../runtime/store.ts';
import type { Authority } from '../session/look/authority.ts';
import { changesOf } from '../session/container/makeup.ts';
import { currentRun, isLive, isWaiting } from '../session/run/lifecycle.ts';
import { observe } from '../session/run/observation.ts';
import type { Sighting } from '../session/look/sighting.ts';
import { runBeside } from '../session/run/fate.ts';
import { subjectOf } from '../session/plan/stage.ts';
import { interestOf, plan, planUnseen } from '../session/plan/plan.ts';
import { planRefusal, retryBy } from '../session/plan/plan-run.ts';
import { injectedChanged } from '../session/status/events.ts';
import { classifyRefusal } from '../session/start/refusal.ts';
import type { Effect, Plan } from '../session/plan/effect.ts';
import type { Objection } from '../session/look/objection.ts';
import type { Situation } from '../session/look/situation.ts';
import type { ContainerControl } from './container-control.ts';
import type { MemorySamples } from './memory-samples.ts';
import type { Places } from './places.ts';
import { givesUpUninjected } from './gives-up-uninjected.ts';
import { isPolled, LONGEST_PAUSE_MS, pauseOf } from './poll.ts';
import type { PodWatches } from './pod-watches.ts';
import type { PressureLookup } from './pressure-lookup.ts';
import { intentOf, type Known, Review } from './review.ts';
import type { RulesLookup } from './rules-lookup.ts';
import { podOf, type SessionApi } from './session-api.ts';
import type { SessionCache } from './session-cache.ts';
import type { EventTeller } from './event-teller.ts';
import { WorkloadLooks } from './workload-looks.ts';
import { resolveWorkload } from './workload.ts';

export interface ReconcilerParts {
  sessions: SessionCache;
  pods: PodWatches;
  api: SessionApi;
  eventTeller: EventTeller;
  control: ContainerControl;
  /** What is known now of the policy that says who asks. */
  authority: () => Authority;
  rules: RulesLookup;
  places: Places;
  /** Looks at the node and the use of a pod in which a run begins. Absent: nobody looks. */
  pressure?: Pick<PressureLookup, 'look'> | undefined;
  /** Knows how much memory the containers of sessions were seen to use. Absent: nobody looks. */
  samples?: Pick<MemorySamples, 'peakOf'> | undefined;
  clock: Clock;
  /** Told of each step that is about to be done, for metrics. */
  onPlan?: (session: DebugSession, step: Plan) => void;
  /** Told of each step that was done, for metrics and the log. */
  onStep?: (session: DebugSession, step: Plan) => void;
}

/**
 * A clean session needs three effects in a row (finalizer, intent, injection); more than this in one go is a loop of
 * our own.
 */
const MAX_PASSES = 8;
/**
 * For a session that has just come, an answer that there is no pod yet may be so old, in ms: its pod may have become
 * ready since.
 */
const NEWCOMER_MS = 1_000;

/**
 * One session at a time: look, plan, do ONE effect, tell. The answer of a write is what the next pass starts from, so a
 * session goes from applied to injected without waiting for our own echoes.
 */
export class Reconciler {
  readonly #parts: ReconcilerParts;
  readonly #workloads: WorkloadLooks;
  readonly #review: Review;
  /** When this process saw its own injection succeed, by session key; only while the session concerns a pod. */
  readonly #injections = new Map<string, { uid: string; attempt: number; at: number }>();

  /** What the API server said to the last injection of a run, by session key; for as long. */
  readonly #refusals = new Map<string, { uid: string; attempt: number; refused: Objection }>();

  constructor(parts: ReconcilerParts) {
    this.#parts = parts;
    const { api, clock, rules, pressure } = parts;
    this.#review = new Review({
      rules,
      pressure,
      plan: (situation) => this.#plan(situation),
      stands: (session, run, signal) => this.#stands(session, { run }, signal),
    });
    this.#workloads = new WorkloadLooks((...about) => resolveWorkload(api, ...about), {
      clock,
      longestMs: LONGEST_PAUSE_MS,
    });
  }

  async reconcile(key: string, signal: AbortSignal): Promise<Result> {
    const known: Known = {};
    for (let pass = 0; pass < MAX_PASSES; pass += 1) {
      const session = this.#parts.sessions.get(key);
      if (session === undefined) {
        this.#release(key);
        return {};
      }
      const early = planUnseen(session, this.#parts.clock.now());
      const situation =
        early === undefined ? await this.#look(key, session, signal, known) : this.#lookAhead(key, session);
      const step = early ?? (await this.#review.of(situation, this.#plan(situation), { known, signal }));
      this.#parts.onPlan?.(session, step);
      if (givesUpUninjected(session, step) && (await this.#standsAfterAll(session, signal))) continue;
      const tried = await this.#perform(situation, step, signal);
      if (tried === 'conflict') return { requeue: true };
      if (tried === 'gone') return {};
      if (step.effect.kind !== 'none') continue;
      this.#parts.control.settle(session, situation.actions);
      this.#parts.control.settle(session, situation.actionsBeside);
      // The look may have taken longer than there was something to see.
      if (interestOf(session, situation.now).kind === 'none') this.#release(key);
      return resultOf(step, situation);
    }
    throw new Error(`session ${key} did not come to rest within ${MAX_PASSES} passes`);
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

  /** Begins to look and does not wait for what is seen. */
  #lookAhead(key: string, session: DebugSession): Situation {
    const { clock, pods } = this.#parts;
    const now = clock.now();
    const interest = interestOf(session, now);
    if (interest.kind === 'pod') pods.expect(key, { namespace: session.metadata.namespace, name: interest.name });
    return { session, sighting: { kind: 'unseen', message: 'not looked at yet' }, now };
  }

  async #look(key: string, session: DebugSession, signal: AbortSignal, labels: Known): Promise<Situation> {
    const { clock, pods, control } = this.#parts;
    const interest = interestOf(session, clock.now());
    const injection = ofNewestRun(session, this.#injections.get(key));
    const refusal = ofNewestRun(session, this.#refusals.get(key));
    let sighting: Sighting = { kind: 'gone' };
    if (interest.kind === 'pod') sighting = await this.#lookAtPod(session, interest.name, signal);
    else this.#release(key);
    if (interest.kind === 'workload') sighting = await this.#lookAtWorkload(session, interest.ref, signal);
    // The next pass looks for it in a watch, which may be behind this list: "not there yet" would read as "gone".
    if (interest.kind === 'workload' && sighting.kind === 'present') pods.rememberFor(key, sighting.pod);
    const now = clock.now();
    const actions = control.actionsOf(session, subjectOf(session, now));
    const actionsBeside = control.actionsOf(session, runBeside(session, now));
    const authority = this.#parts.authority();
    const rules = await this.#parts.rules.of(session, signal, labels);
    const sampled = this.#parts.samples?.peakOf(session);
    const known = {
      authority,
      rules,
      ...(injection && { injectedAt: injection.at }),
      ...(refusal && { refused: refusal.refused }),
      ...(sampled && { sampled }),
      ...(actions && { actions }),
      ...(actionsBeside && { actionsBeside }),
      ...(control.stopsByNode && { stopsByNode: true as const }),
    };
    return { session, sighting, now: clock.now(), ...known };
  }

  #lookAtWorkload(session: DebugSession, ref: WorkloadRef, signal: AbortSignal): Promise<Sighting> {
    const oldestMs = isWaiting(session) ? pauseOf(session, this.#parts.clock.now()) : NEWCOMER_MS;
    return this.#workloads.look(session.metadata.namespace, ref, { oldestMs, signal });
  }

  /**
   * That a pod is not there may also mean that it is not there yet: a watch, or the list of an API server's cache, can
   * be behind another operator who has injected into it. Before a live run is given up for a pod that was not seen to
   * go, its pod is asked for itself.
   */
  async #lookAtPod(session: DebugSession, name: string, signal: AbortSignal): Promise<Sighting> {
    const { pods, api } = this.#parts;
    const { namespace } = session.metadata;
    const sighting = await pods.look(keyOf(session), { namespace, name }, signal);
    const run = currentRun(session);
    if (run === undefined || !isLive(run) || !isUnaccountedFor(sighting, run.podUID)) return sighting;
    const pod = await api.readPod(namespace, name, signal);
    if (pod === undefined || pod.metadata.uid !== run.podUID) return sighting;
    pods.remember(pod);
    return { kind: 'present', pod };
  }

  #release(key: string): void {
    this.#parts.pods.release(key);
    this.#parts.control.forget(key);
    this.#injections.delete(key);
    this.#refusals.delete(key);
  }

  async #perform(situation: Situation, step: Plan, signal: AbortSignal): Promise<'done' | 'gone' | 'conflict'> {
    let changes: Changes | undefined;
    try {
      changes = await this.#effect(situation, step.effect, signal);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      // The session itself was deleted meanwhile: nothing is left to write to.
      if (error.code === 404 && step.effect.kind !== 'inject') return 'gone';
      // Somebody wrote it since we read it; the watch brings what they wrote.
      if (error.code === 409 && step.effect.kind !== 'inject') return 'conflict';
      if (step.effect.kind !== 'inject') throw error;
      // The pod has changed since it was looked at: what its policy says of it may not hold any more.
      if (error.code === 409) return this.#lookAfresh(situation.session, step.effect.run, signal);
      const refusal = classifyRefusal(error, step.effect.container.name);
      if (refusal.finality === 'later') throw this.#retry(situation, step.effect.run, { refusal, error });
      // An earlier try may have been carried out and its answer lost: the pod as it is now tells, the watch may not
      // have yet.
      if (!(await this.#stands(situation.session, step.effect, signal))) {
        return this.#perform(situation, planRefusal(situation, step.effect.run, refusal), signal);
      }
    }
    this.#parts.onStep?.(situation.session, step);
    for (const event of step.events) this.#parts.eventTeller.tell(situation.session, injectedChanged(event, changes));
    return 'done';
  }

  /**
   * What it said is part of the next situation. The pause before the next try does not go beyond what the planner has
   * to do in time.
   */
  #retry({ session }: Situation, run: Run, { refusal, error }: { refusal: Objection; error: ApiError }): RetryBy {
    const { uid } = session.metadata;
    this.#refusals.set(keyOf(session), { uid, attempt: run.attempt, refused: refusal });
    const now = this.#parts.clock.now();
    return new RetryBy(error, retryBy(run, { now, notBefore: now + (error.retryAfterMs ?? 0) }) - now);
  }

  /** @returns what admission changed of a container that was injected */
  async #effect(situation: Situation, effect: Effect, signal: AbortSignal): Promise<Changes | undefined> {
    if (effect.kind === 'inject') return this.#inject(situation.session, effect, signal);
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

  async #lookAfresh({ metadata }: DebugSession, { podName = '' }: Run, signal: AbortSignal): Promise<'conflict'> {
    const pod = await this.#parts.api.readPod(metadata.namespace, podName, signal);
    if (pod !== undefined) this.#parts.pods.remember(pod);
    return 'conflict';
  }

  /** A watch may be behind an injection whose answer was lost: the pod is asked for itself. */
  #standsAfterAll(session: DebugSession, signal: AbortSignal): Promise<boolean> {
    const run = currentRun(session);
    return run === undefined ? Promise.resolve(false) : this.#stands(session, { run }, signal);
  }

  async #stands(
    { metadata }: DebugSession,
    { run }: Pick<Extract<Effect, { kind: 'inject' }>, 'run'>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { api, pods } = this.#parts;
    const pod = await api.readPod(metadata.namespace, run.podName ?? '', signal);
    if (pod === undefined) return false;
    pods.remember(pod);
    const { kind } = observe(run, metadata.uid, { kind: 'present', pod });
    return kind !== 'podGone' && kind !== 'notInjected';
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
    session: DebugSession,
    effect: Extract<Effect, { kind: 'inject' }>,
    signal: AbortSignal,
  ): Promise<Changes | undefined> {
    const { run, container, resourceVersion } = effect;
    const address = { ...podOf(session, run), ...(resourceVersion !== undefined && { resourceVersion }) };
    const pod = await this.#parts.api.inject(address, container, signal);
    this.#refusals.delete(keyOf(session));
    const { uid } = session.metadata;
    this.#injections.set(keyOf(session), { uid, attempt: run.attempt, at: this.#parts.clock.now() });
    this.#parts.pods.remember(pod);
    const stands = pod.spec.ephemeralContainers?.find(({ name }) => name === container.name)?.makeup;
    return stands && changesOf(container, stands);
  }
}

/** What this process knows of a run, if that is the newest of this very session. */
function ofNewestRun<T extends { uid: string; attempt: number }>(
  { metadata, status }: DebugSession,
  known: T | undefined,
): T | undefined {
  return known?.uid === metadata.uid && known.attempt === status?.attempt ? known : undefined;
}

/** It is told that it waits, and was not before. */
function beginsToWait(session: DebugSession, effect: Effect): boolean {
  return effect.kind === 'writeStatus' && effect.status.phase === 'Pending' && !isWaiting(session);
}

/** Neither there, nor seen to go. */
function isUnaccountedFor(sighting: Sighting, podUID: string | undefined): boolean {
  if (sighting.kind === 'unseen' || sighting.kind === 'unresolved') return false;
  const known = sighting.kind === 'present' ? [sighting.pod, sighting.last] : [sighting.last];
  return known.every((pod) => pod?.metadata.uid !== podUID);
}

function resultOf({ requeueAfterMs }: Plan, situation: Situation): Result {
  const soonest = isPolled(situation)
    ? Math.min(requeueAfterMs ?? Infinity, pauseOf(situation.session, situation.now))
    : requeueAfterMs;
  return soonest === undefined ? {} : { requeueAfterMs: soonest };
}
