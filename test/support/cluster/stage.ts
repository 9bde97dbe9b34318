import { setTimeout as delay } from 'node:timers/promises';
import { API_VERSION, type DebugSession, type DebugSessionSpec, KIND } from '../../../src/api/debugsession.ts';
import type { RestClient } from '../../../src/kube/rest-client.ts';
import { podsPath, sessionsPath } from '../../../src/reconcile/session-api.ts';
import type { RawPod } from '../../../src/reconcile/trim.ts';
import { cluster, type Cluster } from '../../cluster/cluster.ts';
import { connectToCluster } from './connect-to-cluster.ts';
import { ownRequester } from './fill-in.ts';
import { Installation } from './installation.ts';
import { OperatorProcess } from './operator-process.ts';
import { brokenRules, brokenTransition } from '../world/status-rules.ts';
import { longEnough } from '../../support/patience.ts';

const OPERATOR_ACCOUNT = ['debugsession-system', 'debugsession-controller-manager'] as const;

/** An event as events.k8s.io/v1 has it. */
export interface StoryEvent {
  type: string;
  reason: string;
  action: string;
  note: string;
  regarding: { kind: string; name: string; uid?: string };
  related?: { kind: string; name: string };
}

/**
 * The suite `deployed`: the operator of all namespaces is installed in the cluster, and stays when a test has ended.
 */
const isDeployed = process.env['OPERATOR'] === 'deployed';

/**
 * A namespace of a test's own, with an operator that looks after it alone and acts with its service account's rights
 * only. In the suite `deployed` that is the Deployment, which looks after every namespace.
 */
export class Stage {
  readonly namespace: string;
  readonly cluster: Cluster;
  readonly client: RestClient;
  readonly operators: OperatorProcess[] = [];

  private constructor(name: string, labels: Record<string, string>) {
    this.cluster = cluster();
    this.namespace = `${name}-${Date.now().toString(36)}`;
    this.client = connectToCluster().client;
    this.#labels = labels;
    this.#requester = ownRequester(this.cluster);
    // Who asks first is told: an error here must not end the process before.
    this.#requester.catch(() => {});
  }

  readonly #labels: Record<string, string>;
  readonly #requester: ReturnType<typeof ownRequester>;

  /**
   * @param name becomes the beginning of the namespace's name
   * @param labels of the namespace, such as the Pod Security level
   */
  static async open(
    name: string,
    options: { operator?: boolean; labels?: Record<string, string> } = {},
  ): Promise<Stage> {
    const stage = new Stage(name, options.labels ?? {});
    await stage.client.create('/api/v1/namespaces', { metadata: { name: stage.namespace, labels: stage.#labels } });
    await stage.until('the default service account', async () => {
      const found = await stage.client.list<{ items: unknown[] }>(
        `/api/v1/namespaces/${stage.namespace}/serviceaccounts`,
      );
      return found.items.length > 0;
    });
    if (options.operator !== false && !isDeployed) await stage.startOperator();
    return stage;
  }

  /** Another operator, as after a restart or by mistake. */
  async startOperator(...args: string[]): Promise<OperatorProcess> {
    return this.startOperatorAs(await this.cluster.createServiceAccountKubeconfig(...OPERATOR_ACCOUNT), ...args);
  }

  /**
   * An operator with other rights than its own.
   * @throws Error in the suite `deployed`, where two would serve one namespace
   */
  async startOperatorAs(kubeconfig: string, ...args: string[]): Promise<OperatorProcess> {
    if (isDeployed) throw new Error('a test that starts an operator is none for the suite `deployed`');
    const operator = await OperatorProcess.start(kubeconfig, [`--namespaces=${this.namespace}`, ...args]);
    this.operators.push(operator);
    return operator;
  }

  /** Ends the operators in order and gives the namespace back. Every session must have kept the rules of its status. */
  async close(): Promise<void> {
    for (const operator of this.operators) await operator.stop();
    try {
      if (!isDeployed) await this.#letGo();
      await this.client.delete(`/api/v1/namespaces/${this.namespace}`);
    } finally {
      // Jest would not end while a connection is open.
      await this.client.close();
    }
  }

  /** Takes the finalizers off: nobody is left who would, and the namespace could never go. */
  async #letGo(): Promise<void> {
    const { items } = await this.client.list<{ items: DebugSession[] }>(sessionsPath(this.namespace));
    const held = items.filter(({ metadata }) => metadata.finalizers !== undefined);
    const free = { metadata: { finalizers: null } };
    await Promise.all(
      held.map(({ metadata }) =>
        this.client.patch(`${sessionsPath(this.namespace)}/${metadata.name}`, free, { type: 'merge' }),
      ),
    );
  }

  async createPod(name: string, spec: object, metadata: object = {}): Promise<RawPod> {
    return this.client.create<RawPod>(podsPath(this.namespace), { metadata: { name, ...metadata }, spec });
  }

  /** The shell-less application of the images, and waits until it runs. */
  async runningPod(name: string, spec: object = {}): Promise<RawPod> {
    const container = { name: 'app', image: 'docker.io/library/distroless:test', imagePullPolicy: 'IfNotPresent' };
    await this.createPod(name, { terminationGracePeriodSeconds: 1, containers: [container], ...spec });
    return this.untilPod(
      name,
      (pod) => pod.status?.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true,
    );
  }

  /** A session with short times. Give `command` for one that is not interactive. */
  async createSession(
    name: string,
    spec: Partial<DebugSessionSpec> & Pick<DebugSessionSpec, 'target'>,
  ): Promise<DebugSession> {
    const defaults = { image: 'docker.io/library/busybox:1.36', imagePullPolicy: 'IfNotPresent' };
    const whole = { ...(await this.#requester), ...defaults, ...spec };
    const body = { apiVersion: API_VERSION, kind: KIND, metadata: { name }, spec: whole };
    return this.client.create<DebugSession>(sessionsPath(this.namespace), body);
  }

  async changeSession(name: string, spec: Partial<DebugSessionSpec>): Promise<DebugSession> {
    return this.client.patch<DebugSession>(`${sessionsPath(this.namespace)}/${name}`, { spec }, { type: 'merge' });
  }

  session(name: string): Promise<DebugSession> {
    return this.client.get<DebugSession>(`${sessionsPath(this.namespace)}/${name}`);
  }

  pod(name: string): Promise<RawPod> {
    return this.client.get<RawPod>(`${podsPath(this.namespace)}/${name}`);
  }

  /** Watches a session until it is as wanted. Each state on the way has to keep the rules of every status. */
  async untilSession(name: string, wanted: (session: DebugSession) => boolean): Promise<DebugSession> {
    let before: DebugSession | undefined;
    return this.untilObject<DebugSession>(sessionsPath(this.namespace), name, (session) => {
      const broken = [...brokenRules(session), ...(before === undefined ? [] : brokenTransition(before, session))];
      if (broken.length > 0)
        throw new Error(`session ${name}: ${broken.join('; ')}\n${JSON.stringify(session.status, null, 1)}`);
      before = session;
      return wanted(session);
    });
  }

  untilPhase(name: string, phase: string): Promise<DebugSession> {
    return this.untilSession(name, (session) => session.status?.phase === phase);
  }

  untilPod(name: string, wanted: (pod: RawPod) => boolean): Promise<RawPod> {
    return this.untilObject<RawPod>(podsPath(this.namespace), name, wanted);
  }

  /** Resolves once there is no such object any more. */
  async untilGone(path: string, name: string): Promise<void> {
    await this.until(`${name} is gone`, async () => {
      const fieldSelector = `metadata.name=${name}`;
      return (await this.client.list<{ items: unknown[] }>(path, { fieldSelector })).items.length === 0;
    });
  }

  deleteSession(name: string): Promise<unknown> {
    return this.client.delete(`${sessionsPath(this.namespace)}/${name}`);
  }

  /**
   * Deletes a session that has a finalizer, and waits until it has gone. The watch begins at its deletion, and misses
   * nothing.
   * @returns its last state
   */
  async lastOfDeleted(name: string): Promise<DebugSession> {
    const { metadata } = (await this.deleteSession(name)) as DebugSession;
    const query = { fieldSelector: `metadata.name=${name}`, resourceVersion: metadata.resourceVersion ?? '' };
    const path = sessionsPath(this.namespace);
    for await (const { type, object } of this.client.watch<DebugSession>(
      path,
      query,
      AbortSignal.timeout(longEnough()),
    ))
      if (type === 'DELETED') return object;
    throw new Error(`the watch of session ${name} ended before the session`);
  }

  untilSessionGone(name: string): Promise<void> {
    return this.untilGone(sessionsPath(this.namespace), name);
  }

  /** @param graceSeconds 0: at once, as `kubectl delete --force`; nobody then sees its containers end */
  deletePod(name: string, graceSeconds?: number): Promise<unknown> {
    const body = graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds };
    return this.client.delete(`${podsPath(this.namespace)}/${name}`, { body });
  }

  /** kubectl in this namespace, as the administrator. A failure is an outcome, never an exception. */
  kubectl(args: readonly string[], input?: string): ReturnType<Cluster['kubectl']> {
    return this.cluster.kubectl(['--namespace', this.namespace, ...args], input === undefined ? {} : { input });
  }

  /** What kubectl says of the log of a container, once there is some: on a busy machine it comes after the end. */
  async logs(pod: string, container: string): ReturnType<Cluster['kubectl']> {
    const ask = (): ReturnType<Cluster['kubectl']> => this.kubectl(['logs', pod, '-c', container]);
    let found = await ask();
    await this.until(`container ${container} of pod ${pod} has a log`, async () => {
      if (found.stdout === '') found = await ask();
      return found.stdout !== '';
    });
    return found;
  }

  /** The story of an object, oldest first, as `kubectl describe` would tell it. */
  async events(kind: string, name: string): Promise<StoryEvent[]> {
    const path = `/apis/events.k8s.io/v1/namespaces/${this.namespace}/events`;
    const found = await this.client.list<{ items: (StoryEvent & { eventTime: string })[] }>(path);
    const about = found.items.filter((event) => event.regarding.kind === kind && event.regarding.name === name);
    return about.sort((a, b) => (a.eventTime < b.eventTime ? -1 : 1));
  }

  /** Asks again and again until it is so; only for what cannot be watched. */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const [begin, bound] = [Date.now(), longEnough()];
    while (!(await holds())) {
      if (Date.now() - begin > bound) throw new Error(`not within ${bound} ms: ${what}`);
      await delay(100);
    }
  }

  /** Watches an object of any kind until it is as wanted. @param path of its kind in the namespace */
  async untilObject<T>(path: string, name: string, wanted: (object: T) => boolean, bound = longEnough()): Promise<T> {
    const signal = AbortSignal.timeout(bound);
    const fieldSelector = `metadata.name=${name}`;
    let last: T | undefined;
    const see = (event: { type: string; object: T }): boolean => {
      last = event.type === 'DELETED' ? undefined : event.object;
      return last !== undefined && wanted(last);
    };
    const watchOnce = async (): Promise<T | undefined> => {
      for await (const event of this.client.watch<T>(path, { fieldSelector, timeoutSeconds: 300 }, signal)) {
        if (see(event)) return event.object;
      }
      return undefined;
    };
    try {
      for (;;) {
        const found = await watchOnce();
        if (found !== undefined) return found;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
      const state = JSON.stringify((last as { status?: unknown } | undefined)?.status ?? last, null, 1);
      const said = await this.#tail();
      throw new Error(`${name} was not as wanted within ${bound} ms; last seen: ${state}\noperator: ${said}`, {
        cause: error,
      });
    }
  }

  async #tail(): Promise<string> {
    if (!isDeployed) return this.operators.at(-1)?.tail(8) ?? 'none';
    const installation = new Installation();
    return installation.tail(8).finally(() => installation.close());
  }
}
