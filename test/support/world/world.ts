import {
  type DebugSession,
  type DebugSessionSpec,
  FINALIZER,
  LIVE_LABEL,
  type Run,
} from '../../../src/api/debugsession.ts';
import type { ContainerState, Pod, Terminated } from '../../../src/api/pod.ts';
import { toTimestamp } from '../../../src/api/time.ts';
import { containerName } from '../../../src/session/container/container.ts';
import { EXITED } from '../../../src/session/container/supervisor.ts';
import { NO_OTHERS, type Others } from '../../../src/session/look/places.ts';
import type { PressureLook } from '../../../src/session/look/pressure.ts';
import type { Rules } from '../../../src/session/look/rules.ts';
import { runBeside } from '../../../src/session/run/fate.ts';
import { currentRun } from '../../../src/session/run/lifecycle.ts';
import { containerIDOf } from '../../../src/session/run/second-run.ts';
import type { Situation } from '../../../src/session/look/situation.ts';
import type { Sighting } from '../../../src/session/look/sighting.ts';
import type { Authority } from '../../../src/session/look/authority.ts';
import { type ActionOutcome, type Actions, afterwards } from '../../../src/session/look/actions.ts';
import { plan, planUnseen } from '../../../src/session/plan/plan.ts';
import { planRenewal } from '../../../src/session/plan/plan-run.ts';
import type { Objection } from '../../../src/session/look/objection.ts';
import type { EventIntent } from '../../../src/session/status/events.ts';
import type { Plan } from '../../../src/session/plan/effect.ts';
import { aPod, aSession, NOON } from '../builders/builders.ts';
import { OPEN_RULES } from '../builders/open-policy.ts';
import { brokenRules, brokenTransition } from './status-rules.ts';

/**
 * A small world for pure tests: one session, at most one pod of its target's name, a kubelet that the test plays, and a
 * clock that stands still. It does what the reconciler does with a plan, and checks every status that is written
 * against the rules of all statuses.
 */
export class World {
  session: DebugSession;
  pod: Pod | undefined = aPod();
  last: Pod | undefined;
  now = NOON;
  /** What was done, in words: `addFinalizer`, `status Starting`, `inject debug-...-1` ... */
  readonly effects: string[] = [];
  readonly events: EventIntent[] = [];
  gone = false;
  /** What the kubelet calls the container from now on; absent as from a kubelet that does not say. */
  containerID: string | undefined;
  /** Which container the kubelet plays. Absent: that of the newest run. */
  container: string | undefined;
  #ttl: string | undefined;
  /** The container that what is under way is about, and the same of an earlier container beside a live one. */
  #asked: string | undefined;
  #askedBeside: string | undefined;
  /** What the operator knows of the policy that says who asks. */
  authority: Authority = { kind: 'inForce', since: NOON - 3_600_000 };
  /** What its policy allows. */
  rules: Rules = OPEN_RULES;
  /** Who else lives or waits. */
  others: Others = NO_OTHERS;
  /** What is found right before an injection to stand against it, if anything is. */
  denied: Objection | undefined;
  /** What samples say of the memory of a run. */
  sampled: Situation['sampled'];
  /** What a look at the node and at the use of the pod shows. */
  pressure: PressureLook | undefined;
  /** The cluster allows that the runtime of a node is asked to end a container. */
  stopsByNode = false;
  /** What was begun on the container and how it went; `tried` says how. */
  actions: Actions = { tried: {} };
  /** The same for an earlier container beside a live one. */
  actionsBeside: Actions = { tried: {} };
  /** Called with every plan before it is carried out. */
  onStep: (step: Plan) => void = () => undefined;

  constructor(spec: Partial<DebugSessionSpec> = {}) {
    this.session = aSession(spec);
  }

  get run(): Run {
    const run = currentRun(this.session);
    if (run === undefined) throw new Error('no run has been recorded');
    return run;
  }

  get phase(): string | undefined {
    return this.session.status?.phase;
  }

  condition(type: string): string | undefined {
    const found = this.session.status?.conditions?.find((candidate) => candidate.type === type);
    return found && `${found.status} ${found.reason}`;
  }

  message(type: string): string {
    return this.session.status?.conditions?.find((candidate) => candidate.type === type)?.message ?? '';
  }

  get told(): string[] {
    return this.events.map((event) => event.reason);
  }

  sighting(): Sighting {
    const memory = this.last === undefined ? {} : { last: this.last };
    return this.pod === undefined ? { kind: 'gone', ...memory } : { kind: 'present', pod: this.pod, ...memory };
  }

  look(): Plan {
    const step = planUnseen(this.session, this.now) ?? plan(this.#situation());
    const { effect } = step;
    return (effect.kind === 'inject' && planRenewal(this.#situation(), effect.run)) || step;
  }

  #situation(): Situation {
    return {
      session: this.session,
      sighting: this.sighting(),
      now: this.now,
      actions: this.actions,
      actionsBeside: this.actionsBeside,
      authority: this.authority,
      rules: this.rules,
      others: this.others,
      ...(this.denied !== undefined && { denied: this.denied }),
      ...(this.sampled !== undefined && { sampled: this.sampled }),
      ...(this.pressure !== undefined && { pressure: this.pressure }),
      ...(this.stopsByNode && { stopsByNode: true as const }),
    };
  }

  /** One pass. */
  step(): Plan {
    const step = this.look();
    if (this.gone) return step;
    this.onStep(step);
    this.apply(step);
    return step;
  }

  /** Passes until nothing is left to do; the pause that the planner asks for then, in ms. */
  settle(): number | undefined {
    for (let pass = 0; pass < 10; pass += 1) {
      if (this.gone) return undefined;
      const step = this.step();
      if (step.effect.kind !== 'none') continue;
      if (this.actions.underWay === undefined) this.actions = { ...this.actions, isSaid: true };
      return step.requeueAfterMs;
    }
    throw new Error(`does not come to rest: ${this.effects.join(', ')}`);
  }

  apply({ effect, events }: Plan): void {
    const finalizers = this.session.metadata.finalizers ?? [];
    switch (effect.kind) {
      case 'none':
        return void this.events.push(...events);
      case 'addFinalizer':
        this.effects.push('addFinalizer');
        this.#change({ finalizers: [...new Set([...finalizers, FINALIZER])], labels: { [LIVE_LABEL]: 'true' } });
        break;
      case 'removeFinalizer':
        this.effects.push('removeFinalizer');
        this.#change({ finalizers: finalizers.filter((name) => name !== FINALIZER), labels: {} });
        this.gone = this.session.metadata.deletionTimestamp !== undefined;
        break;
      case 'writeStatus': {
        this.effects.push(`status ${effect.status.phase}`);
        const next = { ...this.session, status: structuredClone(effect.status) };
        const broken = [...brokenRules(next), ...brokenTransition(this.session, next)];
        if (broken.length > 0) throw new Error(`${broken.join('; ')}\n${JSON.stringify(next.status, null, 1)}`);
        this.session = next;
        break;
      }
      case 'inject':
        this.effects.push(`inject ${effect.container.name}`);
        this.inject(effect.container.name);
        break;
      case 'stop':
      case 'tellTtl':
        if (effect.kind === 'stop' && runBeside(this.session, this.now)?.attempt === effect.run.attempt) {
          this.effects.push(`stop ${effect.route} beside`);
          if (this.actionsBeside.underWay !== undefined) throw new Error(`${this.actionsBeside.underWay} is under way`);
          this.actionsBeside = { ...this.actionsBeside, underWay: effect.route };
          this.#askedBeside = containerIDOf(effect.run);
          break;
        }
        this.effects.push(effect.kind === 'stop' ? `stop ${effect.route}` : `ttl ${effect.ttl}`);
        if (this.actions.underWay !== undefined) throw new Error(`${this.actions.underWay} is under way`);
        this.actions = { ...this.actions, underWay: effect.kind === 'stop' ? effect.route : 'Ttl' };
        this.#ttl = effect.kind === 'tellTtl' ? effect.ttl : undefined;
        this.#asked = containerIDOf(effect.run);
        break;
      case 'delete':
        this.effects.push('delete');
        this.delete();
    }
    this.events.push(...events);
  }

  inject(name: string, sessionUID = this.session.metadata.uid): void {
    const { pod } = this;
    if (pod === undefined) throw new Error('injected into no pod');
    const list = (pod.spec.ephemeralContainers ??= []);
    if (!list.some((container) => container.name === name)) list.push({ name, sessionUID });
  }

  #change(metadata: Partial<DebugSession['metadata']>): void {
    this.session = { ...this.session, metadata: { ...this.session.metadata, ...metadata } };
  }

  /** As a person would with kubectl: another spec is another generation. */
  edit(spec: Partial<DebugSessionSpec>): void {
    this.session = { ...this.session, spec: { ...this.session.spec, ...spec } };
    this.#change({ generation: (this.session.metadata.generation ?? 0) + 1 });
  }

  /** Conditions are shown and not remembered: what is decided must be the same without them. */
  forgetConditions(): void {
    this.session = { ...this.session, status: { ...this.session.status, conditions: [] } };
  }

  /** As `kubectl replace` would: what the manifest does not name is lost. */
  replace(): void {
    this.#change({ finalizers: [], labels: {} });
    // A deleted object goes with its last finalizer, whoever takes it off.
    this.gone = this.session.metadata.deletionTimestamp !== undefined;
  }

  delete(): void {
    if (this.session.metadata.deletionTimestamp !== undefined) return;
    this.#change({ deletionTimestamp: toTimestamp(this.now) });
    this.gone = (this.session.metadata.finalizers ?? []).length === 0;
  }

  pass(ms: number): void {
    this.now += ms;
  }

  /** What is under way is over, and went so. */
  tried(outcome: ActionOutcome): void {
    const { underWay, tried } = this.actions;
    if (underWay === undefined) throw new Error('nothing is under way');
    const ttl = this.#ttl === undefined ? {} : { ttl: this.#ttl };
    const over = { ...afterwards(tried[underWay], { outcome, at: this.now, containerID: this.#asked }), ...ttl };
    this.actions = { tried: { ...tried, [underWay]: over } };
  }

  /** What is under way for an earlier container beside a live one fails. */
  failBeside(): void {
    const { underWay, tried } = this.actionsBeside;
    if (underWay === undefined) return;
    const outcome: ActionOutcome = { kind: 'failed', message: 'HTTP 500' };
    const over = afterwards(tried[underWay], { outcome, at: this.now, containerID: this.#askedBeside });
    this.actionsBeside = { tried: { ...tried, [underWay]: over } };
  }

  /** What the kubelet says of our newest container. */
  kubelet(state: ContainerState, lastState?: ContainerState): void {
    const { pod } = this;
    const name = this.container ?? this.run.debugContainerName ?? '';
    if (pod === undefined) throw new Error('the kubelet has no pod');
    const others = (pod.status.ephemeralContainerStatuses ?? []).filter((status) => status.name !== name);
    const { containerID } = this;
    const status = {
      name,
      imageID: 'sha256:abc',
      ...(containerID !== undefined && { containerID }),
      state,
      ...(lastState && { lastState }),
    };
    this.pod = { ...pod, status: { ...pod.status, ephemeralContainerStatuses: [...others, status] } };
  }

  starts(): void {
    this.kubelet({ running: { startedAt: toTimestamp(this.now) } });
  }

  /** With the word of a supervisor whose command has ended by itself, unless it is given another; `''` is none. */
  ends(terminated: Partial<Terminated> = {}): void {
    const word = this.session.spec.supervisor === 'None' ? {} : { message: EXITED };
    const startedAt = this.session.status?.startedAt ?? toTimestamp(this.now);
    this.kubelet({
      terminated: {
        ...{ exitCode: 0, reason: 'Completed', startedAt, finishedAt: toTimestamp(this.now) },
        ...word,
        ...terminated,
      },
    });
  }

  waits(reason: string, message?: string): void {
    this.kubelet({ waiting: { reason, ...(message === undefined ? {} : { message }) } });
  }

  /** The pod goes; `seen` leaves its last state behind, as a watch would. */
  podGoes({ seen }: { seen: boolean }): void {
    this.last = seen ? this.pod : undefined;
    this.pod = undefined;
  }

  /** Another pod of the name, before a watch has told that the first one went. */
  podIsReplaced(pod: Pod): void {
    this.last = undefined;
    this.pod = pod;
  }

  changePod(change: (pod: Pod) => void): void {
    if (this.pod === undefined) return;
    this.pod = structuredClone(this.pod);
    change(this.pod);
  }

  /** The name of the container of the next attempt. */
  nextName(): string {
    return containerName(this.session.metadata.uid, (this.session.status?.attempt ?? 0) + 1);
  }

  /** A session that has failed because its image does not come; the container stands in the pod, and may start yet. */
  static neverStarted(spec: Partial<DebugSessionSpec> = {}): World {
    const world = new World({ startTimeout: '1m', ttl: '5m', ...spec });
    world.settle();
    world.waits('ErrImagePull', 'no such image');
    world.pass(61_000);
    world.settle();
    if (world.phase !== 'Failed') throw new Error(`the session is ${world.phase}, not Failed`);
    return world;
  }

  /** A session that runs. */
  static running(spec: Partial<DebugSessionSpec> = {}): World {
    const world = new World(spec);
    world.settle();
    world.starts();
    world.settle();
    return world;
  }
}
