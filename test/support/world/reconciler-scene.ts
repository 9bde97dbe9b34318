import { afterEach } from '@jest/globals';
import type { DebugApproval } from '../../../src/api/debugapproval.ts';
import type { DebugSession } from '../../../src/api/debugsession.ts';
import type { DebugPolicySpec } from '../../../src/api/debugpolicy.ts';
import type { Pod } from '../../../src/api/pod.ts';
import { ContainerControl } from '../../../src/reconcile/container-control.ts';
import { EventTeller } from '../../../src/reconcile/event-teller.ts';
import { Places } from '../../../src/reconcile/places.ts';
import { PodWatches } from '../../../src/reconcile/pod-watches.ts';
import { Reconciler, type ReconcilerParts } from '../../../src/reconcile/reconciler.ts';
import { SessionApi } from '../../../src/reconcile/session-api.ts';
import { SessionCache } from '../../../src/reconcile/session-cache.ts';
import type { Result } from '../../../src/runtime/controller.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { keyOf, Store } from '../../../src/runtime/store.ts';
import { aPod, aSession, NOON } from '../builders/builders.ts';
import { openRules } from '../builders/open-policy.ts';
import { FakeClient, mergeMetadata } from '../fakes/fake-client.ts';
import { FakeClock } from '../fakes/fake-clock.ts';
import { FakeSource } from '../fakes/fake-source.ts';
import { FakeStreams } from '../fakes/fake-streams.ts';

// The session of a scene, and the requests about it and its pod.
export const KEY = 'shop/inspect-web';
export const FINALIZERS = 'PATCH /apis/debugsession.dev/v1alpha1/namespaces/shop/debugsessions/inspect-web';
export const STATUS = 'PUT /apis/debugsession.dev/v1alpha1/namespaces/shop/debugsessions/inspect-web/status';
export const DELETE = 'DELETE /apis/debugsession.dev/v1alpha1/namespaces/shop/debugsessions/inspect-web';
export const REVIEW = 'POST /apis/authorization.k8s.io/v1/namespaces/shop/localsubjectaccessreviews';
export const INJECT = 'PATCH /api/v1/namespaces/shop/pods/web-1/ephemeralcontainers';
export const READ_POD = 'GET /api/v1/namespaces/shop/pods';

/** One session, one pod, and a server that says yes to everything until told otherwise. */
export class ReconcilerScene {
  readonly client = new FakeClient();
  readonly clock = new FakeClock(NOON);
  readonly store = new Store<DebugSession>();
  readonly told: string[] = [];
  readonly foreign: string[] = [];
  /** What was announced before it was done, and after. */
  readonly steps: string[] = [];
  /** Those that name the session. */
  readonly approvals: DebugApproval[] = [];
  /** What the first list of a watch on pods shows. */
  readonly listed: Pod[] = [];
  /** How many watches on pods were open when the finalizers were written. */
  readonly watchesAtFinalizer: number[] = [];
  readonly pods: PodWatches;
  readonly streams = new FakeStreams();
  readonly control: ContainerControl;
  /** Sessions that an action has brought back. */
  readonly woken: string[] = [];
  readonly reconciler: Reconciler;
  #version = 200;
  #podVersion = 69;

  constructor(
    session = aSession(),
    pod: Pod = aPod(),
    policy: Partial<DebugPolicySpec> = {},
    pressure?: ReconcilerParts['pressure'],
  ) {
    const sessions = new SessionCache();
    sessions.attach(undefined, this.store, (type) => this.foreign.push(type));
    this.store.upsert(session);
    this.listed.push(pod);
    this.pods = new PodWatches({
      source: () => new FakeSource({ metadata: { resourceVersion: '60' }, items: this.listed }),
      onChange: () => undefined,
      logger: silentLogger,
      clusterWide: false,
      clock: this.clock,
    });
    const api = new SessionApi(this.client);
    this.control = new ContainerControl({
      streams: this.streams,
      evict: (address, signal) => api.evict(address, signal),
      clock: this.clock,
      onDone: (key) => this.woken.push(key),
    });
    const places = new Places({ limitsOf: () => policy.limits ?? {}, wake: () => undefined, clock: this.clock });
    sessions.followBy((key, one) => places.follow(key, one));
    this.reconciler = new Reconciler({
      sessions,
      pods: this.pods,
      api,
      control: this.control,
      authority: () => ({ kind: 'inForce', since: 0 }),
      rules: openRules(api, policy, () => ({
        kind: 'known',
        authority: { kind: 'inForce', since: 0 },
        approvals: this.approvals,
      })),
      places,
      eventTeller: new EventTeller({ record: ({ reason }) => this.told.push(reason) }),
      pressure,
      clock: this.clock,
      onPlan: (_, { effect }) => this.steps.push(`${effect.kind} after ${this.writes.length} writes`),
      onStep: (_, { effect }) => this.steps.push(`${effect.kind} done`),
    });
    this.client.on(FINALIZERS, (body) => {
      this.watchesAtFinalizer.push(this.pods.size);
      return this.#write(body, 'metadata');
    });
    this.client.on(STATUS, (body) => this.#write(body, 'status'));
    this.client.on(REVIEW, () => ({ status: { allowed: true } }));
    this.takeInjections();
  }

  takeInjections(): void {
    this.client.on(INJECT, (body) => {
      const { spec } = body as { spec: object };
      return aPod((stored) => {
        stored.metadata.resourceVersion = String((this.#podVersion += 1));
        Object.assign(stored.spec, spec);
      });
    });
  }

  /** One more session, whose writes succeed. */
  serve(session: DebugSession): void {
    const path = `/apis/debugsession.dev/v1alpha1/namespaces/shop/debugsessions/${session.metadata.name}`;
    const write = (body: unknown, part: 'metadata' | 'status'): DebugSession => {
      const stored = this.store.get(keyOf(session)) ?? session;
      return this.#write(body, part, stored);
    };
    this.store.upsert(session);
    this.client.on(`PATCH ${path}`, (body) => write(body, 'metadata'));
    this.client.on(`PUT ${path}/status`, (body) => write(body, 'status'));
  }

  /** Somebody else changes the session, and the watch has brought it. */
  edit(metadata: Partial<DebugSession['metadata']>, more: Partial<Pick<DebugSession, 'spec' | 'status'>> = {}): void {
    const { session } = this;
    const resourceVersion = String((this.#version += 1));
    this.store.upsert({ ...session, ...more, metadata: { ...session.metadata, ...metadata, resourceVersion } });
  }

  /** How often the workload was read. */
  get looks(): number {
    return this.client.sent.filter(({ path }) => path.endsWith('/deployments/x')).length;
  }

  run(): Promise<Result> {
    return this.reconciler.reconcile(KEY, new AbortController().signal);
  }

  get session(): DebugSession {
    const found = this.store.get(KEY);
    if (found === undefined) throw new Error('the session is gone');
    return found;
  }

  get writes(): string[] {
    return this.client.sent.filter(({ verb }) => verb !== 'GET').map(({ verb, path }) => `${verb} ${path}`);
  }

  body(request: string): Record<string, Record<string, unknown>> {
    const found = this.client.sent.find(({ verb, path }) => `${verb} ${path}` === request);
    return found?.body as Record<string, Record<string, unknown>>;
  }

  #write(body: unknown, part: 'metadata' | 'status', session = this.session): DebugSession {
    const sent = body as DebugSession;
    const metadata = mergeMetadata(
      session.metadata,
      part === 'metadata' ? sent.metadata : {},
    ) as typeof session.metadata;
    return {
      ...session,
      ...(part === 'status' && sent.status && { status: sent.status }),
      metadata: { ...metadata, resourceVersion: String((this.#version += 1)) },
    };
  }
}

/** A function that makes scenes. After each test it ends the watches of those that were made in it. */
export function reconcilerScenes(): (...parts: ConstructorParameters<typeof ReconcilerScene>) => ReconcilerScene {
  const scenes: ReconcilerScene[] = [];
  afterEach(async () => {
    await Promise.all(scenes.splice(0).map((scene) => scene.pods.stop()));
  });
  return (...parts) => {
    const scene = new ReconcilerScene(...parts);
    scenes.push(scene);
    return scene;
  };
}
