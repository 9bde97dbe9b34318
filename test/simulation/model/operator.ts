import type { PolicyApproval, PolicyLimits, StopBy } from '../../../src/api/debugpolicy.ts';
import type { DebugSession } from '../../../src/api/debugsession.ts';
import { ContainerControl } from '../../../src/reconcile/container-control.ts';
import { approvalsPath, DebugApprovals } from '../../../src/reconcile/debug-approvals.ts';
import { Places } from '../../../src/reconcile/places.ts';
import { podSource } from '../../../src/reconcile/pod-source.ts';
import { PodWatches } from '../../../src/reconcile/pod-watches.ts';
import { RulesLookup } from '../../../src/reconcile/rules-lookup.ts';
import { Reconciler } from '../../../src/reconcile/reconciler.ts';
import { podsPath, SessionApi, sessionsPath } from '../../../src/reconcile/session-api.ts';
import { SessionCache } from '../../../src/reconcile/session-cache.ts';
import { EventTeller } from '../../../src/reconcile/event-teller.ts';
import { trimSession } from '../../../src/reconcile/trim.ts';
import type { Clock, Timer } from '../../../src/runtime/clock.ts';
import { Controller } from '../../../src/runtime/controller.ts';
import type { EventRecord } from '../../../src/runtime/event.ts';
import type { Authority } from '../../../src/session/look/authority.ts';
import { Informer } from '../../../src/runtime/informer.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { keyOf } from '../../../src/runtime/store.ts';
import { LOW_PRIORITY, NORMAL_PRIORITY, WorkQueue } from '../../../src/runtime/work-queue.ts';
import { OPEN_POLICY } from '../../support/builders/open-policy.ts';
import { NAMESPACE } from './api-server.ts';
import type { Network } from './network.ts';
import type { Random } from './random.ts';
import type { Sender } from './watch.ts';

export interface OperatorSetting {
  network: Network;
  clock: Clock;
  random: Random;
  /** Of the policy of all sessions. */
  limits: PolicyLimits;
  /** When the policy has the runtime of a node asked to end a container; absent: the cluster does not allow that. */
  stopBy: StopBy | undefined;
  /** What the policy demands of other people; undefined: nothing. */
  approval: PolicyApproval | undefined;
  /** Told of every event that the operator records. */
  tell: (event: EventRecord) => void;
  /** Told of what should never happen: a bug in a reconcile. */
  complain: (words: string) => void;
}

/** One process of the operator, from the real parts, put together as src/operator.ts does. It can die at any moment. */
export class ModelOperator implements Sender {
  readonly name: string;
  readonly pods: PodWatches;
  readonly queue: WorkQueue;
  dead = false;
  readonly #abort = new AbortController();

  constructor(name: string, { network, clock, random, limits, stopBy, approval, tell, complain }: OperatorSetting) {
    this.name = name;
    const own = mortal(clock, this);
    const sessions = new SessionCache();
    this.queue = new WorkQueue({ clock: own, random: random.next });
    this.pods = new PodWatches({
      source: (scope) => {
        const { namespace, name: pod } = scope;
        const selector = pod === undefined ? {} : { fieldSelector: `metadata.name=${pod}` };
        return podSource(scope, network.source(this, podsPath(namespace), selector));
      },
      onChange: (key) => this.queue.add(key),
      logger: silentLogger,
      clusterWide: true,
      clock: own,
      random: random.next,
    });
    const api = new SessionApi(network.client(this));
    const control = new ContainerControl({
      streams: network.streams(this),
      evict: (pod, signal) => api.evict(pod, signal),
      ...(stopBy !== undefined && { stopOnNode: network.stopOnNode(this) }),
      clock: own,
      onDone: (key) => this.queue.add(key),
    });
    const places = new Places({ limitsOf: () => limits, wake: (key) => this.queue.add(key), clock: own });
    sessions.followBy((key, session) => places.follow(key, session));
    const authority = (): Authority => ({ kind: 'inForce', since: 0 });
    const approvals = new DebugApprovals({
      namespaces: [NAMESPACE],
      source: () => network.source(this, approvalsPath(NAMESPACE)),
      authority,
      onChange: (key) => this.queue.add(key),
      logger: silentLogger,
      clock: own,
      random: random.next,
    });
    const demands = { ...(stopBy !== undefined && { stopBy }), ...(approval !== undefined && { approval }) };
    const reconciler = new Reconciler({
      sessions,
      pods: this.pods,
      api,
      control,
      authority,
      rules: new RulesLookup({
        api,
        authority,
        policyOf: () => ({ kind: 'found', spec: { ...OPEN_POLICY, limits, ...demands } }),
        approvalsOf: (session) => approvals.of(session),
        isSystem: () => false,
      }),
      places,
      eventTeller: new EventTeller({ record: tell }),
      clock: own,
    });
    const informer = new Informer<DebugSession>({
      name: 'debugsessions',
      source: network.source(this, sessionsPath(NAMESPACE)),
      transform: (raw) => trimSession(raw as DebugSession),
      clock: own,
      random: random.next,
    });
    sessions.attach(NAMESPACE, informer.store, (_type, session, isListed) =>
      this.queue.add(keyOf(session), isListed ? LOW_PRIORITY : NORMAL_PRIORITY),
    );
    const controller = new Controller({
      name,
      queue: this.queue,
      reconcile: (key, signal) => reconciler.reconcile(key, signal),
      workers: 2,
      logger: { ...silentLogger, error: (fields, words) => complain(`${words}: ${JSON.stringify(fields)}`) },
      clock: own,
    });
    if (approval !== undefined) void approvals.run(this.#abort.signal);
    void informer.run(this.#abort.signal);
    void informer.synced.then(() => controller.start());
  }

  /** As SIGKILL does it: no timer fires any more, nothing is sent, no answer is heard. */
  die(): void {
    this.dead = true;
  }
}

/** The clock of a process: its timers die with it. */
function mortal(clock: Clock, process: { dead: boolean }): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    setTimer(ms: number, fn: () => void): Timer {
      return clock.setTimer(ms, () => {
        if (!process.dead) fn();
      });
    },
  };
}
