import { reportReleased } from './reconcile/report.ts';
import operatorPackage, { ResourceEventType, ResourceMetaImpl, type ResourceEvent } from '@dot-i/k8s-operator';
import { type DebugSession, GROUP, PLURAL, VERSION } from './api/debugsession.ts';
import type { Connection } from './kube/connect.ts';
import { resourceSource } from './kube/resource-source.ts';
import type { ContextLogger } from './observability/logger.ts';
import type { Metrics } from './observability/metrics.ts';
import { PodStreams } from './kube/pod-stream.ts';
import { isSystemNamespace } from './policy/system-namespace.ts';
import { ContainerControl } from './reconcile/container-control.ts';
import { approvalsPath, DebugApprovals } from './reconcile/debug-approvals.ts';
import { DebugPolicies, POLICIES_PATH } from './reconcile/debug-policies.ts';
import { Places } from './reconcile/places.ts';
import { MemorySamples } from './reconcile/memory-samples.ts';
import { PodUsages } from './reconcile/pod-usage.ts';
import { podSource } from './reconcile/pod-source.ts';
import { PodWatches } from './reconcile/pod-watches.ts';
import { PressureLookup } from './reconcile/pressure-lookup.ts';
import { Reconciler } from './reconcile/reconciler.ts';
import { OF_APPROVERS, RequesterPolicyWatch, type RequesterPolicyWatchOptions } from './reconcile/requester-policy.ts';
import { RulesLookup } from './reconcile/rules-lookup.ts';
import { podsPath, SessionApi, sessionsPath } from './reconcile/session-api.ts';
import { SessionCache } from './reconcile/session-cache.ts';
import { EventTeller, type Recorder } from './reconcile/event-teller.ts';
import { ownImage } from './reconcile/own-image.ts';
import { StopPods } from './reconcile/stop-pods.ts';
import { trimSession } from './reconcile/trim.ts';
import { countSessions, reportAction, reportStep } from './reconcile/report.ts';
import { RunTimes } from './reconcile/run-times.ts';
import { sleep, systemClock } from './runtime/clock.ts';
import { Controller } from './runtime/controller.ts';
import { errorMessage } from './runtime/error-message.ts';
import { Informer } from './runtime/informer.ts';
import { keyOf, namespaceOf } from './runtime/store.ts';
import { LOW_PRIORITY, NORMAL_PRIORITY, WorkQueue } from './runtime/work-queue.ts';
import type { Plan } from './session/plan/effect.ts';
import { skeletonLogger } from './skeleton-logger.ts';
import { hasGuard, wantsStart } from './session/run/lifecycle.ts';
import type { Authority } from './session/look/authority.ts';
import { limitsOf, type PolicyView } from './session/look/rules.ts';
import { policyNameOf } from './session/start/permission.ts';

// A CommonJS package: Node hands its `exports` over as the default export.
const Operator = operatorPackage.default;

const CONTROLLER = 'debugsession';

/** How long the first term waits for the policy to be read, in ms. */
const POLICY_PATIENCE_MS = 2_000;

const REMEDIES = {
  install: 'kubectl apply -k config/crd',
  grant: 'kubectl apply -k config/rbac, or with --namespaces config/namespaced',
};

/**
 * The policy is of the whole cluster, whatever --namespaces says. Every Kubernetes that is supported serves its kind.
 */
const POLICY_REMEDIES = { grant: 'kubectl apply -k config/rbac' };

/** Whether the skeleton's event was found in a list, and not sent by the watch. */
type SessionEvent = ResourceEvent & { isListed?: boolean };

/** How the runtime of a node is asked to end a container: flags of the command line. */
export interface NodeStop {
  namespace: string;
  image: string | undefined;
  socket: string | undefined;
}

export interface OperatorParts {
  connection: Connection;
  /** Empty: all. */
  namespaces: readonly string[];
  /** Inject for sessions of which nobody knows who asked. */
  insecureNoIdentity: boolean;
  /** How containers are ended from their nodes. Absent: none is. */
  nodeStop: NodeStop | undefined;
  /** Look at nodes and at the metrics API. */
  checkPressure: boolean;
  workers: number;
  recorder: Recorder;
  /** Told of each step that was done. */
  onStep?: ((session: DebugSession, step: Plan) => void) | undefined;
  metrics: Metrics;
  logger: ContextLogger;
}

/**
 * The operator on the skeleton of @dot-i/k8s-operator: its life cycle (`start`, `init`, `stop`) and its words for what
 * happens to a resource. Watching is ours: the skeleton's own ends the process on any watch error and handles one event
 * at a time (docs/adr/0002).
 */
export class DebugSessionOperator extends Operator {
  readonly #parts: OperatorParts;
  readonly #queue: WorkQueue;
  readonly #sessions = new SessionCache();
  readonly #informers: Informer<DebugSession>[] = [];
  readonly #abort = new AbortController();
  readonly #pods: PodWatches;
  /** Absent: nobody is asked who they are. */
  readonly #requesterPolicy: RequesterPolicyWatch | undefined;
  readonly #policies: DebugPolicies;
  readonly #approverPolicy: RequesterPolicyWatch;
  readonly #approvals: DebugApprovals;
  readonly #control: ContainerControl;
  readonly #stopPods: StopPods | undefined;
  readonly #reconciler: Reconciler;
  /** Absent: nobody looks at the metrics API. */
  readonly #samples: MemorySamples | undefined;
  #watches: Promise<void>[] = [];
  #leads = false;

  constructor(parts: OperatorParts) {
    super(skeletonLogger(parts.logger));
    this.#parts = parts;
    const { connection, metrics, logger, namespaces, recorder, workers } = parts;
    this.kubeConfig = connection.config;
    metrics.controller(CONTROLLER, workers);
    this.#queue = new WorkQueue({
      // Ten thousand sessions of one namespace keep those of the others waiting by one at a time.
      groupOf: namespaceOf,
      hooks: {
        onAdd: () => metrics.queueAdd(CONTROLLER),
        onGet: (ms) => metrics.queueGet(CONTROLLER, ms),
        onDone: (ms) => metrics.queueDone(CONTROLLER, ms),
        onRetry: () => metrics.queueRetry(CONTROLLER),
      },
    });
    this.#pods = new PodWatches({
      source: (scope) => {
        const { namespace, name } = scope;
        const selector = name === undefined ? {} : { fieldSelector: `metadata.name=${name}` };
        return podSource(scope, resourceSource(connection.client, podsPath(namespace), selector, REMEDIES));
      },
      onChange: (key) => this.#queue.add(key),
      logger,
      clusterWide: namespaces.length === 0,
    });
    const api = new SessionApi(connection.client);
    const ofPolicy: Omit<RequesterPolicyWatchOptions, 'of'> = {
      source: (path, name) =>
        resourceSource(connection.client, path, { fieldSelector: `metadata.name=${name}` }, POLICY_REMEDIES),
      onChange: () => this.#askAgain(),
      logger,
    };
    this.#requesterPolicy = parts.insecureNoIdentity ? undefined : new RequesterPolicyWatch(ofPolicy);
    this.#approverPolicy = new RequesterPolicyWatch({ ...ofPolicy, of: OF_APPROVERS });
    this.#approvals = new DebugApprovals({
      namespaces,
      source: (namespace) => resourceSource(connection.client, approvalsPath(namespace), {}, REMEDIES),
      authority: () => this.#approverPolicy.authority,
      onChange: (key) => this.#lookAgain(key),
      logger,
    });
    this.#policies = new DebugPolicies({
      source: resourceSource(connection.client, POLICIES_PATH, {}, { ...POLICY_REMEDIES, install: REMEDIES.install }),
      onChange: () => this.#askAgain(),
      logger,
    });
    const policyOf = (name: string): PolicyView => this.#policies.get(name);
    const authority = (): Authority => this.#requesterPolicy?.authority ?? { kind: 'waived' };
    const isSystem = (namespace: string): boolean => isSystemNamespace(namespace, connection.podNamespace);
    const places = new Places({
      limitsOf: (session) => limitsOf(policyOf(policyNameOf(session))),
      wake: (key) => {
        if (this.#leads) this.#queue.add(key);
      },
      clock: systemClock,
    });
    this.#sessions.followBy((key, session) => places.follow(key, session));
    const stopPods = stopPodsFor(parts);
    this.#stopPods = stopPods;
    this.#control = new ContainerControl({
      streams: new PodStreams(connection.client, systemClock),
      evict: (pod, signal) => api.evict(pod, signal),
      ...(stopPods && { stopOnNode: (container, signal) => stopPods.stop(container, signal) }),
      clock: systemClock,
      onDone: (key) => this.#queue.add(key),
      onAction: (action) => reportAction(action, { metrics, logger }),
    });
    const usages = parts.checkPressure ? new PodUsages(api, systemClock) : undefined;
    const sessions = (): readonly DebugSession[] => this.#sessions.list();
    this.#samples = usages && new MemorySamples({ sessions, usages, clock: systemClock });
    const times = new RunTimes(systemClock, metrics);
    this.#reconciler = new Reconciler({
      sessions: this.#sessions,
      pods: this.#pods,
      api,
      control: this.#control,
      authority,
      rules: new RulesLookup({
        ...{ api, authority, policyOf, isSystem },
        approvalsOf: (session) => this.#approvals.of(session),
      }),
      places,
      samples: this.#samples,
      pressure: usages && new PressureLookup({ api, usages, clock: systemClock }),
      eventTeller: new EventTeller(recorder),
      clock: systemClock,
      onPlan: (session, step) => times.planned(session, step),
      onStep: (session, step) => {
        times.done(session, step);
        reportStep({ session, step, metrics, logger });
        parts.onStep?.(session, step);
      },
    });
  }

  /** Resolves when the caches are filled. */
  get synced(): Promise<unknown> {
    return Promise.all(this.#informers.map((informer) => informer.synced));
  }

  /** Undefined when the caches are filled, else what is missing. */
  readiness(): string | undefined {
    const missing = this.#informers.find((informer) => !informer.hasSynced());
    if (missing === undefined && this.#informers.length > 0) return undefined;
    return `the list of ${PLURAL} has not been read yet${missing?.failure === undefined ? '' : `: ${missing.failure}`}`;
  }

  /** Whether sessions wait for a worker. */
  get isBusy(): boolean {
    return this.#queue.length > 0;
  }

  /** Counts what is there now: sessions by phase, keys that wait. For each scrape of the metrics. */
  count(): void {
    countSessions(this.#sessions.list(), this.#parts.metrics);
    this.#parts.metrics.queueState(CONTROLLER, { depths: this.#queue.depths(), running: this.#queue.running() });
  }

  /**
   * Reconciles until `signal` aborts, then lets work under way finish for `drainMs`, asked for then. Once only: a lost
   * term ends the process.
   */
  async lead(signal: AbortSignal, drainMs: () => number): Promise<void> {
    const { workers, metrics, logger } = this.#parts;
    await Promise.race([this.synced, aborted(signal)]);
    // Who waits would else be told that nobody knows who asks, or what is allowed. Where the policies cannot be read
    // that is so.
    const policies = Promise.all([this.#requesterPolicy?.synced, this.#policies.synced]);
    await Promise.race([policies, sleep(systemClock, POLICY_PATIENCE_MS, signal)]);
    if (signal.aborted) return;
    const controller = new Controller({
      name: CONTROLLER,
      queue: this.#queue,
      reconcile: (key, attempt) => this.#reconciler.reconcile(key, attempt),
      workers,
      logger,
      onReconcile: (report) => metrics.reconcile(CONTROLLER, report),
    });
    this.#leads = true;
    for (const session of this.#sessions.list()) this.#enqueue(session, true);
    controller.start();
    void this.#samples?.run(signal);
    void this.#stopPods?.sweep(signal).catch((error: unknown) => {
      if (!signal.aborted) logger.warn({ why: errorMessage(error) }, 'stop pods that were left behind stay');
    });
    await aborted(signal);
    await controller.stop(drainMs());
  }

  /** Ends the watches; resolves when the last has ended. */
  async shutDown(): Promise<void> {
    this.stop();
    await Promise.all([...this.#watches, this.#pods.stop(), this.#control.stop()]);
  }

  override stop(): void {
    this.#abort.abort();
    super.stop();
  }

  protected override async init(): Promise<void> {
    const scopes = this.#parts.namespaces.length === 0 ? [undefined] : this.#parts.namespaces;
    const enqueue = async ({ object, isListed = false }: SessionEvent): Promise<void> =>
      this.#enqueue(object as unknown as DebugSession, isListed);
    const followed = [this.#requesterPolicy, this.#policies, this.#approverPolicy, this.#approvals];
    for (const each of followed.filter((one) => one !== undefined)) {
      this.#watches.push(each.run(this.#abort.signal));
      // That there is none is no change to tell of.
      void each.synced.then(() => this.#askAgain());
    }
    for (const namespace of scopes) await this.watchResource(GROUP, VERSION, PLURAL, enqueue, namespace);
  }

  // eslint-disable-next-line max-params -- the skeleton's signature
  protected override async watchResource(
    _group: string,
    _version: string,
    plural: string,
    onEvent: (event: ResourceEvent) => Promise<void>,
    namespace?: string,
  ): Promise<void> {
    const informer = new Informer<DebugSession>({
      name: namespace === undefined ? plural : `${plural} ${namespace}/*`,
      source: resourceSource(this.#parts.connection.client, sessionsPath(namespace), {}, REMEDIES),
      transform: (raw) => trimSession(raw as DebugSession),
      logger: this.#parts.logger,
    });
    this.#sessions.attach(namespace, informer.store, (change, session, isListed) => {
      if (change === 'DELETED' && this.#leads) reportReleased(session, systemClock.now(), this.#parts);
      const object = session as unknown as ResourceEvent['object'];
      const type = ResourceEventType[EVENT_TYPES[change]];
      const event: SessionEvent = { type, object, meta: ResourceMetaImpl.createWithPlural(plural, object), isListed };
      void onEvent(event);
    });
    this.#informers.push(informer);
    this.#watches.push(informer.run(this.#abort.signal));
  }

  /** An approval of the session was made, changed or deleted. */
  #lookAgain(key: string): void {
    const session = this.#sessions.get(key);
    if (session !== undefined && (wantsStart(session) || hasGuard(session))) this.#enqueue(session, false);
  }

  /** What is to start may, or may not any more; what runs may have to end. */
  #askAgain(): void {
    for (const session of this.#sessions.list())
      if (wantsStart(session) || hasGuard(session)) this.#enqueue(session, true);
  }

  /**
   * Without a worker nothing waits: a standby's queue would grow with every session that ever was, and `lead` begins
   * with all there are.
   */
  #enqueue(session: DebugSession, isListed: boolean): void {
    if (this.#leads) this.#queue.add(keyOf(session), isListed ? listedPriority(session) : NORMAL_PRIORITY);
  }
}

/**
 * What a list shows waits behind what has just happened or come due; and of it, records that are complete behind
 * sessions with work to do.
 */
function listedPriority(session: DebugSession): number {
  return hasGuard(session) || wantsStart(session) ? LOW_PRIORITY / 2 : LOW_PRIORITY;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function stopPodsFor({ connection, nodeStop }: OperatorParts): StopPods | undefined {
  if (nodeStop === undefined) return undefined;
  const { client, podNamespace } = connection;
  const { namespace, image, socket } = nodeStop;
  return new StopPods({
    client,
    namespace,
    image: async (signal) => image ?? ownImage(client, podNamespace, signal),
    socket,
    clock: systemClock,
  });
}

const EVENT_TYPES = { ADDED: 'Added', MODIFIED: 'Modified', DELETED: 'Deleted' } as const;
