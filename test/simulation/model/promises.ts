import { createHash } from 'node:crypto';
import type { DebugApproval } from '../../../src/api/debugapproval.ts';
import type { PolicyLimits, StopBy } from '../../../src/api/debugpolicy.ts';
import type { DebugSession, Run } from '../../../src/api/debugsession.ts';
import { canonicalJson } from '../../../src/api/canonical-json.ts';
import { parseDuration } from '../../../src/api/duration.ts';
import type { EphemeralContainer } from '../../../src/api/ephemeral-container.ts';
import { TERMINAL_PHASES } from '../../../src/api/reasons.ts';
import { consequencesOf } from '../../../src/session/run/fate.ts';
import { brokenRules, brokenTransition } from '../../support/world/status-rules.ts';
import type { ApiServer, StoredPod, Witness } from './api-server.ts';
import type { Kubelet, NodeWitness, Truth } from './kubelet.ts';
import { ApprovalPromises } from './approval-promises.ts';
import { StopPromises } from './stop-promises.ts';

/**
 * A time is known to the second, and an earlier run's last moment (2 min start, 10 s margin, 2 min ttl) is waited for.
 */
const REMOVAL_SLACK_MS = 5 * 60_000;

/**
 * The promises of the project, held against what the API server stores and what really runs, at the moment it happens.
 * Every breach throws.
 */
export class Promises implements Witness, NodeWitness {
  server: ApiServer | undefined;
  readonly #stop = new StopPromises();
  readonly approvals = new ApprovalPromises();
  /** Every intent that was ever stored, by container name. */
  readonly #intents = new Map<string, Run>();
  /** The names of all containers whose record the operator has removed. */
  readonly #removed = new Set<string>();
  /** Where each container stands: pod uid by container name. */
  readonly #standing = new Map<string, string>();
  /** Of the policy that all sessions are under. */
  limits: PolicyLimits = {};
  /** How many operators there have been: each that dies may leave one write behind that the next does not know of. */
  get operators(): number {
    return this.#stop.operators;
  }

  set operators(count: number) {
    this.#stop.operators = count;
  }
  writes = 0;
  /** What was met on the way: phases, reasons of failed runs, attempts that were injected. */
  readonly met = new Map<string, number>();

  /** When the policy has the runtime of a node asked to end a container; undefined: the cluster does not allow that. */
  set stopBy(stopBy: StopBy | undefined) {
    this.#stop.stopBy = stopBy;
  }

  set kubelet(kubelet: Kubelet) {
    this.#stop.kubelet = kubelet;
  }

  get now(): () => number {
    return this.#stop.now;
  }

  set now(now: () => number) {
    this.#stop.now = now;
    this.approvals.now = now;
  }

  /** Monotone (S5) and true (S6). */
  status(before: DebugSession, after: DebugSession): void {
    this.writes += 1;
    this.#meet(`phase ${after.status?.phase}`);
    const wait = after.status?.conditions?.find(({ type }) => type === 'Reconciling')?.reason;
    if (wait !== undefined) this.#meet(`waits ${wait}`);
    const broken = [...brokenRules(after), ...brokenTransition(before, after)];
    const { runs = [], attempt } = after.status ?? {};
    for (const run of runs) {
      if (run.debugContainerName === undefined) continue;
      if (run.state !== 'Starting' || this.#intents.has(run.debugContainerName)) continue;
      this.#intents.set(run.debugContainerName, run);
      broken.push(...this.approvals.intent(run));
    }
    if (runs.filter((run) => run.state === 'Starting' || run.state === 'Running').length > 1)
      broken.push('two live runs (S2)');
    const run = runs.find((candidate) => candidate.attempt === attempt);
    this.#meet(`run ${run?.state} ${run?.reason ?? ''}`);
    if (run?.endedBy !== undefined) this.#meet(`ended by ${run.endedBy}`);
    broken.push(...this.#untrue(after, run), ...this.#stop.status(before, after));
    this.#breach(broken, after.status);
  }

  stored(name: string, session: DebugSession | undefined): void {
    this.#stop.stored(name, session);
    if (session !== undefined) this.approvals.session(session);
  }

  approval(approval: DebugApproval, isGone: boolean): void {
    this.#meet(isGone ? 'approval withdrawn' : approval.spec.decision);
    this.approvals.approval(approval, isGone);
  }

  looksUntil(container: string): number {
    return this.#stop.looksUntil(container);
  }

  isWanted(container: string, ttlMs: number): boolean {
    return this.#stop.isWanted(container, ttlMs);
  }

  /** Only containers of a run are entered, and only for what its status has said before. */
  asked(
    route: 'Exec' | 'Attach' | 'Node' | 'Ttl',
    container: string,
    numbers?: { ttlMs: number; lastMoment: number },
  ): void {
    this.#meet(`asked ${route}`);
    this.#breach(this.#stop.asked(route, container, numbers), numbers);
  }

  /** Only where the spec asks for it, and only the pod that was debugged. */
  eviction(pod: StoredPod): void {
    this.#meet('evicted');
    this.#breach(this.#stop.eviction(pod.metadata.uid), pod.metadata);
  }

  /** One container a run, in the recorded pod, after its intent, and just as intended (S1 to S4). */
  injection(pod: StoredPod, container: EphemeralContainer): void {
    const broken: string[] = [];
    const intent = this.#intents.get(container.name);
    this.#meet(`injected ${intent?.attempt === 1 ? 'first' : 'again'}`);
    const elsewhere = this.#standing.get(container.name);
    if (intent === undefined) broken.push(`${container.name} was injected without an intent (S1)`);
    if (elsewhere !== undefined) broken.push(`${container.name} stands in ${elsewhere} as well (S1)`);
    if (intent !== undefined && intent.podUID !== pod.metadata.uid)
      broken.push(`${container.name} is in another pod (S3)`);
    const hash = createHash('sha256').update(canonicalJson(container)).digest('hex');
    if (intent !== undefined && intent.specHash !== hash) broken.push(`${container.name} is not as intended (S4)`);
    this.#standing.set(container.name, pod.metadata.uid);
    if (intent !== undefined) broken.push(...this.approvals.injection(intent, this.#sessionOf(container.name)));
    this.#breach([...broken, ...this.#tooMany(pod, container)], intent);
  }

  #sessionOf(container: string): DebugSession | undefined {
    const sessions = [...(this.server?.sessions.values() ?? [])];
    return sessions.find(({ status }) => status?.runs?.some((run) => run.debugContainerName === container));
  }

  /**
   * A limit of the pod is never exceeded, not even by two operators; one of the namespace by one for each that has died
   * or leads as well (S7).
   */
  #tooMany(pod: StoredPod, container: EphemeralContainer): string[] {
    const { perPod = Infinity, perNamespace = Infinity } = this.limits;
    const live = [...(this.server?.sessions.values() ?? [])].filter(({ status }) =>
      ['Starting', 'Running', 'Ending'].includes(status?.phase ?? ''),
    );
    const here = live.filter(({ status }) => {
      const name = status?.debugContainerName ?? '';
      return name === container.name || pod.spec.ephemeralContainers?.some((other) => other.name === name) === true;
    });
    const broken: string[] = [];
    if (here.length > perPod)
      broken.push(`${here.length} sessions live in pod ${pod.metadata.name}, not ${perPod} (S7)`);
    if (live.length > perNamespace + this.operators - 1)
      broken.push(`${live.length} sessions live in the namespace, not ${perNamespace} (S7)`);
    return broken;
  }

  /** A record goes by itself only when it was asked for, its time has come, and nothing of it runs or waits. */
  removal(session: DebugSession): void {
    const { spec, status, metadata } = session;
    const broken: string[] = [];
    this.#meet('removed at its time');
    const runs = status?.runs ?? [];
    for (const { debugContainerName } of runs)
      if (debugContainerName !== undefined) this.#removed.add(debugContainerName);
    // Of a container on a node that was cut off nobody hears again, once its pod is gone.
    if (runs.some((run) => this.#runs(run) && !this.#ranAgain(run) && this.#isReachable(run)))
      broken.push('one of its containers runs');
    if (this.now() < removalTime(session)) broken.push('before its time');
    if (spec.attempt > (status?.attempt ?? 0)) broken.push(`attempt ${spec.attempt} waits`);
    if ((metadata.finalizers ?? []).length > 0) broken.push('its finalizer stands');
    this.#breach(
      broken.map((fault) => `the record of ${metadata.name} goes: ${fault}`),
      session,
    );
  }

  /**
   * Nothing starts of which a session has said that it has ended (S6), and nothing beside another that is not given up
   * (S2).
   */
  started(truth: Truth): void {
    // What the node runs a second time nobody can foresee. That it is seen, told and ended is asked for at the end.
    if (truth.makeup.hostile) this.#meet('hostile inside');
    if (truth.times > 1) return this.#meet('started again');
    if (this.#removed.has(truth.name)) this.#breach([`${truth.name} starts after its record was removed`], truth);
    for (const session of this.server?.sessions.values() ?? []) {
      const runs = session.status?.runs ?? [];
      const own = runs.find((run) => run.debugContainerName === truth.name);
      if (own === undefined) continue;
      const broken: string[] = [];
      if (own.attempt === session.status?.attempt && confirmed(session))
        broken.push(`${truth.name} starts after StopConfirmed (S6)`);
      const given = (run: Run): boolean =>
        run.state === 'Failed' ||
        run.state === 'StartedLate' ||
        run.reason === 'PodGone' ||
        // It ran again, and its pod went before it was seen to end.
        run.ranAgain?.lost === true;
      const others = runs.filter(
        (run) => run !== own && !given(run) && !given(own) && this.#runs(run) && !this.#ranAgain(run),
      );
      if (others.length > 0) broken.push(`${truth.name} starts beside ${others[0]?.debugContainerName} (S2)`);
      this.#breach(broken, session.status);
    }
  }

  /** How it has to be once nothing happens any more (L6). */
  atTheEnd(): void {
    for (const session of this.server?.sessions.values() ?? []) {
      const { status, spec, metadata } = session;
      const broken: string[] = [];
      const run = status?.runs?.find((candidate) => candidate.attempt === status.attempt);
      const over = status?.phase !== undefined && TERMINAL_PHASES.includes(status.phase);
      // What nothing ends is reported for as long as it runs, and the next attempt waits for it; also where it may
      // start, as far as anybody can see.
      const lasts = status?.runs?.some((each) => this.#lasts(each)) === true;
      const reported = lasts && (status?.phase === 'Ending' || status?.phase === 'Pending');
      if (!over && !reported) broken.push(`is ${status?.phase}`);
      const mayRun = (status?.runs ?? []).some((each) => this.#mayRun(each));
      if (metadata.deletionTimestamp !== undefined && !mayRun) broken.push('is held in deletion (L3)');
      if (spec.attempt > (status?.attempt ?? 0) && !lasts) broken.push('has an attempt that was never begun');
      const isUnknowable = run !== undefined && (mayRun || !this.#isReachable(run) || this.#podHasFinished(run));
      if (over && !isUnknowable && !confirmed(session)) broken.push('its end is not confirmed');
      const isGuarded = (metadata.finalizers ?? []).length > 0;
      if (over && isGuarded !== mayRun && !confirmed(session))
        broken.push(isGuarded ? 'has its finalizer' : 'is not guarded');
      const isOverdue = this.now() > removalTime(session) + REMOVAL_SLACK_MS;
      if (isOverdue && !runsWithoutSupervisor(session)) broken.push('should have been removed');
      if (status?.observedGeneration !== metadata.generation) broken.push('has not seen the newest generation');
      if (run !== undefined) broken.push(...this.#stop.atTheEnd(session, run, this.#isReachable(run)));
      this.#breach(
        broken.map((fault) => `at the end ${metadata.name} ${fault}`),
        session,
      );
    }
  }

  /** Nothing that is left to do ends its container, which runs, or may start as far as anybody can see. */
  #lasts(run: Run): boolean {
    const isEndless = run.effective?.supervisor === 'None' || this.#stop.truthOf(run)?.makeup.hostile === true;
    return isEndless && (this.#runs(run) || this.#mayStart(run));
  }

  /** Its container stands in a pod, and the kubelet may start it, or has. */
  #mayRun(run: Run): boolean {
    const truth = this.#stop.truthOf(run);
    return truth !== undefined && truth.state !== 'ended' && this.#isReachable(run) && !this.#podHasFinished(run);
  }

  #podHasFinished({ podName = '', podUID }: Run): boolean {
    const pod = this.server?.pods.get(podName);
    return pod?.metadata.uid === podUID && /Succeeded|Failed/.test(pod?.status.phase ?? '');
  }

  #mayStart(run: Run): boolean {
    const stands = [...(this.server?.pods.values() ?? [])].some(({ metadata }) => metadata.uid === run.podUID);
    return stands && consequencesOf(run, this.now()).needsGuard;
  }

  #untrue(session: DebugSession, run: Run | undefined): string[] {
    if (run === undefined || !confirmed(session) || !this.#runs(run) || this.#ranAgain(run)) return [];
    // A known gap (docs/testing.md): the answer of its injection was lost, and then its node.
    if (run.injectedAt === undefined && !this.#isReachable(run)) return [];
    return [`StopConfirmed of ${run.debugContainerName}, which runs (S6)`];
  }

  #runs(run: Run): boolean {
    const truth = this.#stop.truthOf(run);
    return truth?.state === 'running' && this.now() < (truth.endAt ?? Infinity);
  }

  #isReachable({ podName = '', podUID }: Run): boolean {
    return this.server?.pods.get(podName)?.metadata.uid === podUID;
  }

  /** As far as nobody has written down. */
  #ranAgain(run: Run): boolean {
    return (this.#stop.truthOf(run)?.times ?? 0) > 1 && run.ranAgain === undefined;
  }

  #meet(what: string): void {
    this.met.set(what, (this.met.get(what) ?? 0) + 1);
  }

  #breach(broken: string[], what: unknown): void {
    if (broken.length > 0) throw new Error(`${broken.join('; ')}\n${JSON.stringify(what, null, 1)}`);
  }
}

/** By the condition that people see; Infinity: never. */
function removalTime(session: DebugSession): number {
  const { spec, status } = session;
  const said = status?.conditions?.find((c) => c.type === 'StopConfirmed');
  const since = said?.lastTransitionTime;
  const isSettled = said?.status === 'True' || said?.reason === 'ForceDeleted';
  if (!isSettled || since === undefined || spec.ttlAfterFinished === undefined) return Infinity;
  return Date.parse(since) + parseDuration(spec.ttlAfterFinished);
}

/** What nothing ends may start at any time, or live on where nobody sees it: then the record is kept. */
function runsWithoutSupervisor({ status }: DebugSession): boolean {
  const isOpen = ({ exitCode, ranAgain }: Run): boolean => exitCode === undefined || ranAgain?.lost === true;
  return (status?.runs ?? []).some((run) => run.effective?.supervisor === 'None' && isOpen(run));
}

function confirmed({ status }: DebugSession): boolean {
  return status?.conditions?.some((c) => c.type === 'StopConfirmed' && c.status === 'True') === true;
}
