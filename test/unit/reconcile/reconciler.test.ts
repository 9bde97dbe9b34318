import { describe, expect, it } from '@jest/globals';
import { FINALIZER, LIVE_LABEL, type DebugSessionSpec } from '../../../src/api/debugsession.ts';
import type { DebugPolicySpec } from '../../../src/api/debugpolicy.ts';
import type { Pod } from '../../../src/api/pod.ts';
import { ApiError } from '../../../src/kube/api-error.ts';
import { containerName, UID_VARIABLE } from '../../../src/session/container/container.ts';
import { aPod, ARRIVED_MS, aSession } from '../../support/builders/builders.ts';
import { anApiError } from '../../support/fakes/fake-client.ts';
import {
  DELETE,
  FINALIZERS,
  INJECT,
  KEY,
  READ_POD,
  type ReconcilerScene,
  reconcilerScenes,
  REVIEW,
  STATUS,
} from '../../support/world/reconciler-scene.ts';

const aScene = reconcilerScenes();

describe('a reconcile', () => {
  it('a reconcile takes a new session to its injection, and ignores the echo of its own writes', async () => {
    const scene = aScene();
    await scene.run();
    expect(scene.writes).toEqual([FINALIZERS, STATUS, REVIEW, INJECT]);
    expect([scene.told, scene.foreign]).toEqual([['Injected'], ['ADDED']]);
  });

  it('a reconcile tells of each step before and after it is done', async () => {
    const scene = aScene();
    await scene.run();
    expect(scene.steps.slice(2, 6)).toEqual([
      'writeStatus after 1 writes',
      'writeStatus done',
      'inject after 3 writes',
      'inject done',
    ]);
  });

  it('a reconcile begins with the intent where admission has put the finalizer on', async () => {
    const guard = { finalizers: [FINALIZER], labels: { [LIVE_LABEL]: 'true' } };
    const scene = aScene(aSession({}, { metadata: guard }));
    await scene.run();
    expect(scene.writes).toEqual([STATUS, REVIEW, INJECT]);
    expect(scene.session.status?.phase).toBe('Starting');
  });

  it('a reconcile takes the finalizer of admission off a session that has to wait', async () => {
    const guard = { finalizers: [FINALIZER], labels: { [LIVE_LABEL]: 'true' } };
    const scene = aScene(aSession({ target: { podName: 'other' } }, { metadata: guard }));
    await scene.run();
    expect(scene.writes).toEqual([STATUS, FINALIZERS]);
    expect([scene.session.status?.phase, scene.session.metadata.finalizers]).toEqual(['Pending', []]);
  });

  it('a reconcile opens the watch of the pod while it writes the finalizer', async () => {
    const scene = aScene();
    await scene.run();
    expect(scene.watchesAtFinalizer).toEqual([1]);
    expect(scene.writes).toEqual([FINALIZERS, STATUS, REVIEW, INJECT]);
  });

  it('a reconcile sends the version of the session and the uid of the pod with its writes', async () => {
    const scene = aScene();
    await scene.run();
    const { uid } = scene.session.metadata;
    const labels = { [LIVE_LABEL]: 'true' };
    expect(scene.body(FINALIZERS)).toEqual({
      metadata: { uid, resourceVersion: '100', finalizers: [FINALIZER], labels },
    });
    expect(scene.body(STATUS)['metadata']).toMatchObject({ uid, resourceVersion: '201' });
    const { metadata, spec } = scene.body(INJECT);
    expect([metadata, Object.keys(scene.body(INJECT)), Object.keys(spec ?? {})]).toEqual([
      { uid: 'pod-uid-1' },
      ['metadata', 'spec'],
      ['ephemeralContainers'],
    ]);
    const [container] = spec?.['ephemeralContainers'] as { name: string; env: object[] }[];
    expect([container?.name, container?.env]).toEqual([
      scene.session.status?.debugContainerName,
      expect.arrayContaining([{ name: UID_VARIABLE, value: uid }]),
    ]);
  });

  it('a reconcile keeps the finalizers of others', async () => {
    const scene = aScene(aSession({}, { metadata: { finalizers: ['others/one'] } }));
    await scene.run();
    expect(scene.session.metadata.finalizers).toEqual(['others/one', FINALIZER]);
  });

  it('a reconcile records when the injection succeeded, and not when the container was first seen', async () => {
    const scene = aScene();
    await scene.run();
    scene.clock.advance(60_000);
    await scene.run();
    expect(scene.session.status?.runs?.[0]?.injectedAt).toBe('2026-01-01T12:00:00Z');
  });

  it('a reconcile injects into the pod of a workload that the watch of the pod does not know yet', async () => {
    const workloadRef = { apiVersion: 'batch/v1', kind: 'Job', name: 'web' } as const;
    const scene = aScene(aSession({ target: { workloadRef } }));
    scene.listed.length = 0;
    const [JOB, PODS] = ['GET /apis/batch/v1/namespaces/shop/jobs/web', 'GET /api/v1/namespaces/shop/pods'];
    scene.client.on(JOB, {
      metadata: { name: 'web', uid: 'job' },
      spec: { selector: { matchLabels: { app: 'web' } } },
    });
    const ownerReferences = [{ kind: 'Job', name: 'web', uid: 'job', controller: true }];
    const pod = aPod(({ metadata }) => Object.assign(metadata, { resourceVersion: '65', ownerReferences }));
    scene.client.on(PODS, { items: [pod] });
    await scene.run();
    expect([scene.writes, scene.session.status?.phase]).toEqual([[FINALIZERS, STATUS, REVIEW, INJECT], 'Starting']);
  });

  it('a reconcile asks to come back when the planner says so', async () => {
    expect(await aScene(aSession({ target: { podName: 'other' }, pendingTimeout: '1m' })).run()).toEqual({
      requeueAfterMs: 60_999,
    });
    expect(
      await aScene(
        aSession({ target: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x' } } }),
      ).run(),
    ).toEqual({
      requeueAfterMs: 3_000,
    });
  });

  const deployment = { workloadRef: { apiVersion: 'apps/v1' as const, kind: 'Deployment' as const, name: 'x' } };
  it.each<[string, DebugSessionSpec['target'], Partial<DebugPolicySpec>]>([
    ['a workload', deployment, {}],
    ['labels of its namespace that it may not read', { podName: 'web-1' }, { namespaceSelector: {} }],
  ])('a reconcile looks again at %s at growing intervals up to a minute', async (_, target, policy) => {
    const scene = aScene(aSession({ target, pendingTimeout: '8760h' }), aPod(), policy);
    scene.client.on('GET /api/v1/namespaces/shop', anApiError(403, 'cannot get resource "namespaces"'));
    const pauses: (number | undefined)[] = [];
    for (const passed of [0, 20_000, 40_000, 240_000, 3_600_000]) {
      scene.clock.advance(passed);
      pauses.push((await scene.run()).requeueAfterMs);
    }
    expect([pauses, scene.session.status?.phase]).toEqual([[3_000, 3_000, 6_000, 30_000, 60_000], 'Pending']);
  });

  it('the operator looks at one workload for 40 waiting sessions as often as for the newest of them', async () => {
    const scene = aScene();
    const add = (n: number): string => {
      // Each of somebody else: of one person 50 may wait.
      const requestedBy = { username: `person-${n}` };
      const session = aSession({ target: deployment, pendingTimeout: '8760h', requestedBy });
      Object.assign(session.metadata, { name: `s-${n}`, uid: `${n}`.padStart(8, '0') });
      scene.serve(session);
      return `shop/s-${n}`;
    };
    const keys = Array.from({ length: 40 }, (_, n) => add(n));
    const never = new AbortController().signal;
    const due = new Map(keys.map((key) => [key, 0]));
    /** Works on whatever is due, second by second. */
    const pass = async (seconds: number): Promise<number> => {
      const before = scene.looks;
      for (let second = 0; second < seconds; second += 1, scene.clock.advance(1_000)) {
        for (const [key, at] of due) {
          if (at > scene.clock.now()) continue;
          const { requeueAfterMs = Infinity } = await scene.reconciler.reconcile(key, never);
          due.set(key, scene.clock.now() + requeueAfterMs);
        }
      }
      return scene.looks - before;
    };
    // Every 3 s at first; after an hour every minute.
    expect(await pass(30)).toBeLessThanOrEqual(10);
    await pass(3_600);
    expect(await pass(600)).toBeLessThanOrEqual(10);
    // One more, which begins anew: for all of them together it is asked every 3 s again.
    due.set(add(40), 0);
    expect(await pass(30)).toBeLessThanOrEqual(11);
    expect(scene.store.get('shop/s-40')?.status?.phase).toBe('Pending');
  });

  it('a reconcile does not look again at labels that it has read', async () => {
    const scene = aScene(aSession({ target: { podName: 'other' } }), aPod(), { namespaceSelector: {} });
    scene.client.on('GET /api/v1/namespaces/shop', { metadata: { labels: {} } });
    expect(await scene.run()).toEqual({ requeueAfterMs: 600_999 });
  });

  it('a reconcile does not look again at forbidden labels for a session that has started', async () => {
    const scene = aScene(aSession(), aPod(), { namespaceSelector: {} });
    scene.client.on('GET /api/v1/namespaces/shop', { metadata: { labels: {} } });
    await scene.run();
    scene.client.on('GET /api/v1/namespaces/shop', anApiError(403, 'cannot get resource "namespaces"'));
    expect([await scene.run(), scene.session.status?.phase]).toEqual([{ requeueAfterMs: 5_000 }, 'Starting']);
  });

  it('a reconcile of a session that is gone closes its watch', async () => {
    const scene = aScene();
    await scene.run();
    expect(scene.pods.size).toBe(1);
    scene.store.remove(scene.session);
    expect([await scene.run(), scene.pods.size]).toEqual([{}, 0]);
  });

  it('a reconcile that does not come to rest within 8 passes fails', async () => {
    const scene = aScene();
    let version = 300;
    scene.client.on(FINALIZERS, () => aSession({}, { metadata: { resourceVersion: String((version += 1)) } }));
    await expect(scene.run()).rejects.toThrow(/did not come to rest within 8 passes/);
    expect(scene.writes).toHaveLength(8);
  });
});

describe('a refused write', () => {
  it('a refused injection is no failure where an earlier injection was carried out without an answer', async () => {
    const scene = aScene();
    const uid = scene.session.metadata.uid;
    const ours = { name: containerName(uid, 1), env: [{ name: UID_VARIABLE, value: uid }] };
    const pod = aPod((p) => (p.metadata.resourceVersion = '99'));
    scene.client.on(INJECT, anApiError(403, 'no more'));
    scene.client.on(READ_POD, { items: [{ ...pod, spec: { ...pod.spec, ephemeralContainers: [ours] } }] });
    await scene.run();
    expect([scene.session.status?.phase, scene.told]).toEqual(['Starting', ['Injected']]);
  });

  it('a refused injection fails the run in the words of the server', async () => {
    const scene = aScene();
    scene.client.on(READ_POD, { items: [aPod()] });
    scene.client.on(INJECT, anApiError(403, 'violates PodSecurity "restricted:latest": privileged'));
    await scene.run();
    expect(scene.session.status).toMatchObject({ phase: 'Failed', runs: [{ reason: 'PodSecurityDenied' }] });
    expect(scene.told).toEqual(['Failed']);
  });

  it.each([429, 500, 503])('the operator tries an injection refused with %i again, and tells nothing', async (code) => {
    const scene = aScene();
    scene.client.on(INJECT, anApiError(code, 'later'));
    await expect(scene.run()).rejects.toThrow('later');
    expect([scene.session.status?.phase, scene.told]).toEqual(['Starting', []]);
  });

  it('the status quotes the server once an injection takes long, and once the operator gives up', async () => {
    const scene = aScene(aSession({ target: { podName: 'web-1' }, startTimeout: '15s' }));
    const words = 'failed calling webhook "x.example": no route to host';
    scene.client.on(INJECT, anApiError(500, words));
    const told = (): unknown => scene.session.status?.conditions?.find(({ type }) => type === 'Reconciling');
    await expect(scene.run()).rejects.toMatchObject({ withinMs: 5_000 });
    expect(told()).toMatchObject({ reason: 'Injecting' });
    scene.clock.advance(5_000);
    await expect(scene.run()).rejects.toMatchObject({ withinMs: 10_999 });
    expect(told()).toMatchObject({ reason: 'ApiUnavailable', message: words });
    expect(scene.session.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Injected', status: 'False', message: words }),
    );
    scene.client.on(INJECT, anApiError(503, 'the server is starting'));
    scene.client.on(READ_POD, { items: [aPod()] });
    await expect(scene.run()).rejects.toThrow('the server is starting');
    scene.clock.advance(30_999);
    await scene.run();
    expect(scene.session.status?.runs?.[0]).toMatchObject({
      reason: 'StartTimeout',
      message: 'The container was not injected within 15s. The API server said: the server is starting',
    });
  });

  it('the operator waits for Retry-After before it tries again, and no longer than the startTimeout', async () => {
    const scene = aScene(aSession({ target: { podName: 'web-1' }, startTimeout: '15s' }));
    scene.client.on(INJECT, Object.assign(anApiError(429, 'later'), { retryAfterMs: 8_000 }));
    await expect(scene.run()).rejects.toMatchObject({ withinMs: 8_000 });
    scene.client.on(INJECT, Object.assign(anApiError(429, 'later'), { retryAfterMs: 60_000 }));
    await expect(scene.run()).rejects.toMatchObject({ withinMs: 15_999 });
  });

  it('the status forgets a refusal once the server has taken the container', async () => {
    const scene = aScene();
    scene.client.on(INJECT, anApiError(500, 'later'));
    await expect(scene.run()).rejects.toThrow('later');
    scene.clock.advance(6_000);
    scene.takeInjections();
    await scene.run();
    expect(scene.told).toEqual(['Injected']);
  });

  it('the operator tries an injection without an answer again', async () => {
    const scene = aScene();
    scene.client.on(INJECT, new Error('connection reset'));
    await expect(scene.run()).rejects.toThrow('connection reset');
  });

  it('a write to a session that was deleted ends the reconcile', async () => {
    const scene = aScene();
    scene.client.on(STATUS, anApiError(404, 'debugsessions "inspect-web" not found'));
    expect([await scene.run(), scene.told]).toEqual([{}, []]);
  });

  it.each([STATUS, FINALIZERS])('the operator tries %s again where a 404 names no session', async (request) => {
    const scene = aScene();
    scene.client.on(request, new ApiError({ code: 404, reason: '', message: '404 page not found' }));
    await expect(scene.run()).rejects.toThrow('404 page not found');
  });

  it.each<[string, Error | object, string, RegExp]>([
    [
      'the requester may not use the policy any more',
      { status: { allowed: false } },
      'RequesterNotAllowed',
      /^dana may not use DebugPolicy default in namespace shop any more$/,
    ],
    [
      'the operator lacks the right to check the requester',
      anApiError(403, 'cannot create resource "localsubjectaccessreviews"'),
      'Forbidden',
      /^The operator may not ask whether dana may use DebugPolicy default .*apply -k config\/rbac \(the API server said: cannot create/,
    ],
  ])('the operator does not inject and says why where %s', async (_, answer, reason, message) => {
    const scene = aScene();
    scene.client.on(REVIEW, answer);
    scene.client.on(READ_POD, { items: [aPod()] });
    await scene.run();
    scene.clock.advance(ARRIVED_MS);
    await scene.run();
    expect(scene.session.status?.runs).toMatchObject([{ reason, message: expect.stringMatching(message) }]);
    expect(scene.writes).not.toContain(INJECT);
  });

  it('a run fails when its pod was deleted before the injection', async () => {
    const scene = aScene();
    scene.client.on(INJECT, anApiError(404, 'pods "web-1" not found'));
    scene.client.on(READ_POD, { items: [] });
    await scene.run();
    expect(scene.session.status?.runs?.[0]?.reason).toBe('PodNotFound');
  });

  it.each([STATUS, FINALIZERS])(
    'a conflict at %s makes the reconcile wait for the change of another client',
    async (request) => {
      const scene = aScene();
      scene.client.on(request, anApiError(409, 'the object has been modified'));
      expect(await scene.run()).toEqual({ requeue: true });
      expect(scene.told).toEqual([]);
    },
  );

  it('a refused status is not taken for a refused injection', async () => {
    const scene = aScene();
    scene.client.on(STATUS, anApiError(403, 'may not update status'));
    await expect(scene.run()).rejects.toThrow('may not update status');
  });
});

describe('a deleted session', () => {
  it('the cache forgets a deleted session with its last finalizer', async () => {
    const metadata = { finalizers: [FINALIZER], deletionTimestamp: '2026-01-01T12:00:00Z' };
    const scene = aScene(aSession({}, { metadata }));
    await scene.run();
    expect([scene.store.get(KEY), scene.body(FINALIZERS)['metadata']]).toEqual([
      undefined,
      expect.objectContaining({ finalizers: [], labels: { [LIVE_LABEL]: null } }),
    ]);
  });

  it('a deleted session with finalizers of others stays without the finalizer of the operator', async () => {
    const metadata = { finalizers: ['others/one', FINALIZER], deletionTimestamp: '2026-01-01T12:00:00Z' };
    const scene = aScene(aSession({}, { metadata }));
    await scene.run();
    expect(scene.session.metadata.finalizers).toEqual(['others/one']);
  });
});

describe('a session past its ttlAfterFinished', () => {
  /** Lapsed, and so over without a container, an hour ago. */
  async function expired(metadata = {}): Promise<ReconcilerScene> {
    const spec = { ttlAfterFinished: '1h', notAfter: '2025-01-01T00:00:00Z' };
    const scene = aScene(aSession(spec, { metadata }));
    expect(await scene.run()).toEqual({ requeueAfterMs: 3_600_999 });
    scene.clock.advance(3_600_999);
    return scene;
  }

  it('the operator deletes an expired session only in the version that it looked at', async () => {
    const scene = await expired();
    const { uid, resourceVersion } = scene.session.metadata;
    scene.client.on(DELETE, { kind: 'Status', status: 'Success' });
    expect(await scene.run()).toEqual({});
    expect([scene.store.get(KEY), scene.foreign]).toEqual([undefined, ['ADDED']]);
    expect(scene.body(DELETE)).toEqual({ preconditions: { uid, resourceVersion } });
  });

  it('an expired session stays where another client changed it before the delete', async () => {
    const scene = await expired();
    scene.client.on(DELETE, anApiError(409, 'the ResourceVersion in the precondition does not match'));
    expect([await scene.run(), scene.store.get(KEY)?.metadata.name]).toEqual([{ requeue: true }, 'inspect-web']);
  });

  it('the delete of an expired session that is already gone is no failure', async () => {
    const scene = await expired();
    scene.client.on(DELETE, anApiError(404, 'debugsessions "inspect-web" not found'));
    expect(await scene.run()).toEqual({});
  });

  it('the delete of an expired session that the API server cannot serve fails the reconcile', async () => {
    const scene = await expired();
    scene.client.on(DELETE, anApiError(503, 'later'));
    await expect(scene.run()).rejects.toThrow('later');
  });

  it('the operator deletes an expired session with finalizers of others once', async () => {
    const scene = await expired({ finalizers: ['others/one'] });
    scene.client.on(DELETE, () => ({
      ...scene.session,
      metadata: { ...scene.session.metadata, resourceVersion: '999', deletionTimestamp: '2026-01-01T13:00:00Z' },
    }));
    await scene.run();
    await scene.run();
    expect(scene.writes.filter((write) => write === DELETE)).toHaveLength(1);
  });
});

describe('a pod that a watch does not show', () => {
  /**
   * A session whose container is injected, as an operator finds it whose watch shows `listed`; a read of the pod shows
   * `stored`.
   */
  async function taken(listed: Pod[], stored: Pod[]): Promise<ReconcilerScene> {
    const before = aScene();
    await before.run();
    const { session } = before;
    const scene = aScene({ ...session, metadata: { ...session.metadata, resourceVersion: '100' } });
    scene.listed.splice(0, 1, ...listed);
    scene.client.on(READ_POD, { items: stored });
    await scene.run();
    return scene;
  }
  const another = (): Pod => aPod((pod) => (pod.metadata.uid = 'another'));

  it('a run goes on where the stored pod exists and the watch does not show it', async () => {
    for (const listed of [[], [another()]]) {
      const scene = await taken(listed, [aPod((pod) => (pod.metadata.resourceVersion = '65'))]);
      expect(scene.session.status?.phase).toBe('Starting');
    }
  });

  it('a run is over where neither the watch nor the API server has its pod', async () => {
    for (const stored of [[], [another()]]) {
      const scene = await taken([], stored);
      expect([scene.session.status?.phase, scene.client.sent.filter(({ verb }) => verb === 'GET')]).toEqual([
        'Failed',
        [expect.anything()],
      ]);
    }
  });
});
