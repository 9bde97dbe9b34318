import type { DebugSession, Run, WorkloadRef } from '../api/debugsession.ts';
import type { Pod } from '../api/pod.ts';
import type { Clock } from '../runtime/clock.ts';
import { keyOf } from '../runtime/store.ts';
import type { Authority } from '../session/look/authority.ts';
import type { Sighting } from '../session/look/sighting.ts';
import type { Situation } from '../session/look/situation.ts';
import { interestOf } from '../session/plan/plan.ts';
import { subjectOf } from '../session/plan/stage.ts';
import { runBeside } from '../session/run/fate.ts';
import { currentRun, isLive, isWaiting } from '../session/run/lifecycle.ts';
import { observe } from '../session/run/observation.ts';
import type { ContainerControl } from './container-control.ts';
import type { MemorySamples } from './memory-samples.ts';
import type { PodWatches } from './pod-watches.ts';
import { LONGEST_PAUSE_MS, pauseOf } from './poll.ts';
import type { KnownLabels, RulesLookup } from './rules-lookup.ts';
import type { RunMemory } from './run-memory.ts';
import type { SessionApi } from './session-api.ts';
import { WorkloadLooks } from './workload-looks.ts';
import { resolveWorkload } from './workload.ts';

export interface LooksParts {
  pods: PodWatches;
  api: SessionApi;
  control: ContainerControl;
  /** What is known now of the policy that says who asks. */
  authority: () => Authority;
  rules: RulesLookup;
  memory: RunMemory;
  /** Knows how much memory the containers of sessions were seen to use. Absent: nobody looks. */
  samples?: Pick<MemorySamples, 'peakOf'> | undefined;
  clock: Clock;
}

/**
 * For a session that has just come, an answer that there is no pod yet may be so old, in ms: its pod may have become
 * ready since.
 */
const NEWCOMER_MS = 1_000;

/** Gathers all that a plan depends on: the pod or the workload, the rules, and what this process knows. */
export class Looks {
  readonly #parts: LooksParts;
  readonly #workloads: WorkloadLooks;

  constructor(parts: LooksParts) {
    this.#parts = parts;
    const { api, clock } = parts;
    this.#workloads = new WorkloadLooks((...about) => resolveWorkload(api, ...about), {
      clock,
      longestMs: LONGEST_PAUSE_MS,
    });
  }

  /** Begins to look and does not wait for what is seen. */
  ahead(key: string, session: DebugSession): Situation {
    const { clock, pods } = this.#parts;
    const now = clock.now();
    const interest = interestOf(session, now);
    if (interest.kind === 'pod') pods.expect(key, { namespace: session.metadata.namespace, name: interest.name });
    return { session, sighting: { kind: 'unseen', message: 'not looked at yet' }, now };
  }

  /** @param labels what the pass has read already of the namespace and its labels */
  async at(key: string, session: DebugSession, signal: AbortSignal, labels: KnownLabels): Promise<Situation> {
    const { clock, pods, control } = this.#parts;
    const interest = interestOf(session, clock.now());
    const remembered = this.#parts.memory.of(session);
    let sighting: Sighting = { kind: 'gone' };
    if (interest.kind === 'pod') sighting = await this.#lookAtPod(session, interest.name, signal);
    else this.release(key);
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
      ...remembered,
      authority,
      rules,
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

  /** Asks for the pod itself whether the container of a run is in it: a watch may be behind. */
  async stands(session: DebugSession, run: Run, signal: AbortSignal): Promise<boolean> {
    const pod = await this.afresh(session, run, signal);
    if (pod === undefined) return false;
    const { kind } = observe(run, session.metadata.uid, { kind: 'present', pod });
    return kind !== 'podGone' && kind !== 'notInjected';
  }

  /** A watch may be behind an injection whose answer was lost: the pod is asked for itself. */
  newestStands(session: DebugSession, signal: AbortSignal): Promise<boolean> {
    const run = currentRun(session);
    return run === undefined ? Promise.resolve(false) : this.stands(session, run, signal);
  }

  /** Asks for the pod itself whether it is another than was seen: a watch may be behind, or silent. */
  async hasChanged({ session, sighting }: Situation, signal: AbortSignal): Promise<boolean> {
    const run = currentRun(session);
    const pod = run && (await this.afresh(session, run, signal));
    if (pod === undefined) return false;
    return sighting.kind !== 'present' || sighting.pod.metadata.resourceVersion !== pod.metadata.resourceVersion;
  }

  /** Reads the pod of a run again, and the next pass starts from it. Undefined: there is none of its name. */
  async afresh({ metadata }: DebugSession, { podName = '' }: Run, signal: AbortSignal): Promise<Pod | undefined> {
    const pod = await this.#parts.api.readPod(metadata.namespace, podName, signal);
    if (pod !== undefined) this.#parts.pods.remember(pod);
    return pod;
  }

  /** Ends the watch of its pod, and forgets what this process knew of its run. */
  release(key: string): void {
    this.#parts.pods.release(key);
    this.#parts.control.forget(key);
    this.#parts.memory.forget(key);
  }
}

/** Neither there, nor seen to go. */
function isUnaccountedFor(sighting: Sighting, podUID: string | undefined): boolean {
  if (sighting.kind === 'unseen' || sighting.kind === 'unresolved') return false;
  const known = sighting.kind === 'present' ? [sighting.pod, sighting.last] : [sighting.last];
  return known.every((pod) => pod?.metadata.uid !== podUID);
}
