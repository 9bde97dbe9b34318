import { describe, expect, it } from '@jest/globals';
import type { DebugSession, DebugSessionStatus } from '../../../src/api/debugsession.ts';
import type { Pod } from '../../../src/api/pod.ts';
import { ApiError } from '../../../src/kube/api-error.ts';
import { PodWatches } from '../../../src/reconcile/pod-watches.ts';
import { Places } from '../../../src/reconcile/places.ts';
import { Reconciler } from '../../../src/reconcile/reconciler.ts';
import { SessionApi } from '../../../src/reconcile/session-api.ts';
import { SessionCache } from '../../../src/reconcile/session-cache.ts';
import { EventTeller } from '../../../src/reconcile/event-teller.ts';
import { TerminalError, type Result } from '../../../src/runtime/controller.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { Store } from '../../../src/runtime/store.ts';
import { openRules } from '../../support/builders/open-policy.ts';
import { aPod, aSession, NOON } from '../../support/builders/builders.ts';
import { mergeMetadata } from '../../support/fakes/fake-client.ts';
import { FakeClock } from '../../support/fakes/fake-clock.ts';
import { aControl } from '../../support/fakes/fake-streams.ts';
import { FakeSource, statusError } from '../../support/fakes/fake-source.ts';

const KEY = 'shop/inspect-web';
const refused = (code: number, message: string): ApiError => new ApiError({ code, reason: '', message });

/**
 * One session and one pod behind the real reconciler; the API server is played by a few lines, and says no where
 * `refuse` does.
 */
class Scene {
  readonly clock = new FakeClock(NOON);
  readonly steps: string[] = [];
  readonly changed: string[] = [];
  readonly source = new FakeSource();
  readonly store = new Store<DebugSession>();
  readonly pods: PodWatches;
  readonly reconciler: Reconciler;
  refuse: (path: string) => void = () => undefined;
  /** As an API server does whose resource does not know a field: nothing changes, not even the version. */
  dropsStatus = false;
  #version = 1_000;

  constructor(session: DebugSession, pod: Pod = aPod()) {
    const sessions = new SessionCache();
    sessions.attach(undefined, this.store, () => undefined);
    this.store.upsert(session);
    this.source.answerLists({ metadata: { resourceVersion: '60' }, items: [pod] });
    this.pods = new PodWatches({
      source: () => this.source,
      onChange: (key) => this.changed.push(key),
      logger: silentLogger,
      clusterWide: false,
      clock: this.clock,
    });
    const write = <T>(path: string, body: unknown): Promise<T> => {
      this.refuse(path);
      const current = this.store.get(KEY);
      const { metadata, status } = body as { metadata?: object; status?: DebugSessionStatus };
      if (status && this.dropsStatus) return Promise.resolve(current as T);
      const resourceVersion = String((this.#version += 1));
      return Promise.resolve({
        ...current,
        ...(status && { status }),
        metadata: { ...mergeMetadata(current?.metadata, status ? {} : metadata), resourceVersion },
      } as T);
    };
    const read = <T>(path: string): Promise<T> => {
      this.refuse(path);
      return Promise.resolve({ items: [] } as T);
    };
    const allow = <T>(): Promise<T> => Promise.resolve({ status: { allowed: true } } as T);
    const client = { get: read, list: read, create: allow, patch: write, replace: write, delete: read };
    const api = new SessionApi(client);
    this.reconciler = new Reconciler({
      sessions,
      pods: this.pods,
      api,
      control: aControl(this.clock),
      authority: () => ({ kind: 'inForce', since: 0 }),
      rules: openRules(api),
      places: new Places({ limitsOf: () => ({}), wake: () => undefined, clock: this.clock }),
      eventTeller: new EventTeller({ record: () => undefined }),
      clock: this.clock,
      onStep: (_session, { effect }) => this.steps.push(effect.kind),
    });
  }

  get status(): DebugSessionStatus {
    return this.store.get(KEY)?.status ?? {};
  }

  reconcile(): Promise<Result> {
    return this.reconciler.reconcile(KEY, new AbortController().signal);
  }
}

describe('the reconciler', () => {
  it('the reconciler reports the steps that were done, and not the refused step', async () => {
    const scene = new Scene(aSession());
    scene.refuse = (path) => {
      if (path.endsWith('/ephemeralcontainers')) throw refused(403, 'violates PodSecurity "restricted:latest"');
    };
    await scene.reconcile();
    expect(scene.status.phase).toBe('Failed');
    expect(scene.steps).toEqual(['addFinalizer', 'writeStatus', 'writeStatus', 'removeFinalizer', 'none']);
    await scene.pods.stop();
  });

  it('the reconciler asks to be called again after a conflict', async () => {
    const scene = new Scene(aSession());
    scene.refuse = () => {
      throw refused(409, 'the object has been modified');
    };
    expect(await scene.reconcile()).toEqual({ requeue: true });
    expect(scene.steps).toEqual([]);
    await scene.pods.stop();
  });

  it('the reconciler passes a missing right to the queue as an error', async () => {
    const scene = new Scene(aSession());
    scene.refuse = () => {
      throw refused(403, 'cannot patch resource "debugsessions"');
    };
    await expect(scene.reconcile()).rejects.toMatchObject({ code: 403 });
    await scene.pods.stop();
  });

  it('the reconciler stops at a resource that drops the status', async () => {
    const scene = new Scene(aSession());
    scene.dropsStatus = true;
    await expect(scene.reconcile()).rejects.toThrow(TerminalError);
    expect(scene.steps).toEqual(['addFinalizer']);
    await scene.pods.stop();
  });

  it('the status says that the operator may not read a workload', async () => {
    const target = { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } } as const;
    const scene = new Scene(aSession({ target }));
    scene.refuse = (path) => {
      if (path.includes('/deployments/')) throw refused(403, 'cannot get resource "deployments"');
    };
    await scene.reconcile();
    expect([scene.status.phase, scene.status.conditions?.find(({ type }) => type === 'Reconciling')]).toMatchObject([
      'Pending',
      { reason: 'Forbidden', message: 'cannot get resource "deployments"' },
    ]);
  });
});

describe('a pod that the operator cannot look at', () => {
  /** The look is given up. */
  async function blind(scene: Scene): Promise<{ requeueAfterMs?: number }> {
    scene.source.answerLists(statusError(403));
    const done = scene.reconcile();
    await scene.clock.advanceAsync(5_000);
    return done;
  }

  it('a session waits for a pod that the operator cannot look at, and the status says so', async () => {
    const scene = new Scene(aSession());
    const { requeueAfterMs } = await blind(scene);
    expect([scene.status.phase, requeueAfterMs]).toEqual(['Pending', 600_999]);
    expect(scene.status.conditions?.find(({ type }) => type === 'Reconciling')?.reason).toBe('ApiUnavailable');
    scene.source.answerLists({ metadata: { resourceVersion: '60' }, items: [] });
    await scene.clock.advanceAsync(60_000);
    expect(scene.changed).toContain(KEY);
    await scene.pods.stop();
  });
});
