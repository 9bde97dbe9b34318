import { describe, expect, it } from '@jest/globals';
import type { EphemeralContainer } from '../../../src/api/ephemeral-container.ts';
import { SessionApi, type SessionClient, podsPath, sessionsPath } from '../../../src/reconcile/session-api.ts';
import { aPod, aSession } from '../../support/builders/builders.ts';

// Each request of the operator about a session, as the API server gets it.

const { signal } = new AbortController();
const SESSION = '/apis/debugsession.dev/v1alpha1/namespaces/shop/debugsessions/inspect-web';
const WEB = { namespace: 'shop', name: 'web-1', uid: 'pod-uid-1' };
const DANA = { username: 'dana', uid: 'u-1', groups: ['developers'], extra: { scopes: ['all'] } };
const container = { name: 'debug-1', image: 'busybox' } as EphemeralContainer;

interface Sent {
  verb: string;
  path: string;
  query?: object;
  body?: unknown;
  options?: object;
}

/** An API server that keeps what it gets, with all options of the request, and gives one answer. */
function aServer(answer: unknown = { items: [] }): { api: SessionApi; sent: Sent[] } {
  const sent: Sent[] = [];
  const keep = async (request: Sent): Promise<unknown> => {
    sent.push(request);
    return answer;
  };
  const client = {
    get: (path: string, options: object) => keep({ verb: 'GET', path, options }),
    list: (path: string, query: object, options: object) => keep({ verb: 'GET', path, query, options }),
    create: (path: string, body: unknown, options: object) => keep({ verb: 'POST', path, body, options }),
    patch: (path: string, body: unknown, options: object) => keep({ verb: 'PATCH', path, body, options }),
    replace: (path: string, body: unknown, options: object) => keep({ verb: 'PUT', path, body, options }),
    delete: (path: string, options: object) => keep({ verb: 'DELETE', path, options }),
  } as unknown as SessionClient;
  return { api: new SessionApi(client), sent };
}

describe('the paths of lists and watches', () => {
  it('an operator of all namespaces asks for the sessions and the pods of all', () => {
    expect([sessionsPath(), podsPath()]).toEqual(['/apis/debugsession.dev/v1alpha1/debugsessions', '/api/v1/pods']);
  });

  it('an operator of one namespace asks for the sessions and the pods of that namespace', () => {
    expect([sessionsPath('shop'), podsPath('shop')]).toEqual([
      '/apis/debugsession.dev/v1alpha1/namespaces/shop/debugsessions',
      '/api/v1/namespaces/shop/pods',
    ]);
  });
});

describe('a write', () => {
  it('a write of the status names the operator in managedFields, and ends with its signal', async () => {
    const { api, sent } = aServer(aSession());
    await api.writeStatus(aSession(), { phase: 'Starting' }, signal);
    expect(sent).toMatchObject([{ verb: 'PUT', path: `${SESSION}/status`, body: { status: { phase: 'Starting' } } }]);
    expect(sent[0]?.options).toEqual({ query: { fieldManager: 'debugsession' }, signal });
  });

  it('an injection names the pod by its uid, and by its version where the policy judged the pod', async () => {
    const { api, sent } = aServer(aPod());
    await api.inject(WEB, container, { signal });
    await api.inject({ ...WEB, resourceVersion: '50' }, container, { signal });
    const path = '/api/v1/namespaces/shop/pods/web-1/ephemeralcontainers';
    const spec = { ephemeralContainers: [container] };
    const options = { type: 'strategic', fieldManager: 'debugsession', signal };
    expect(sent).toEqual([
      { verb: 'PATCH', path, body: { metadata: { uid: 'pod-uid-1' }, spec }, options },
      { verb: 'PATCH', path, body: { metadata: { uid: 'pod-uid-1', resourceVersion: '50' }, spec }, options },
    ]);
  });

  it('an eviction is of policy/v1, and of the very pod that the operator means', async () => {
    const { api, sent } = aServer({});
    await api.evict(WEB, signal);
    expect(sent).toEqual([
      {
        verb: 'POST',
        path: '/api/v1/namespaces/shop/pods/web-1/eviction',
        body: {
          ...{ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'web-1', namespace: 'shop' } },
          deleteOptions: { preconditions: { uid: 'pod-uid-1' } },
        },
        options: { signal },
      },
    ]);
  });

  it('the answer of a delete is the session where the finalizer of another client keeps it', async () => {
    const kept = aSession({}, { metadata: { deletionTimestamp: '2026-01-01T13:00:00Z', finalizers: ['others/one'] } });
    expect(await aServer(kept).api.deleteSession(aSession(), signal)).toEqual(kept);
    expect(await aServer({ kind: 'Status' }).api.deleteSession(aSession(), signal)).toBeUndefined();
  });
});

describe('a question about a right', () => {
  it.each<['use' | 'approve']>([['use'], ['approve']])(
    'the operator asks whether a person may %s a policy in the namespace, with all that identifies the person',
    async (verb) => {
      const { api, sent } = aServer({ status: { allowed: true } });
      const asked =
        verb === 'use' ? api.mayUse(DANA, 'open', 'shop', signal) : api.mayApprove(DANA, 'open', 'shop', signal);
      expect(await asked).toBe(true);
      expect(sent).toEqual([
        {
          verb: 'POST',
          path: '/apis/authorization.k8s.io/v1/namespaces/shop/localsubjectaccessreviews',
          body: {
            ...{ apiVersion: 'authorization.k8s.io/v1', kind: 'LocalSubjectAccessReview' },
            metadata: { namespace: 'shop' },
            spec: {
              ...{ user: 'dana', uid: 'u-1', groups: ['developers'], extra: { scopes: ['all'] } },
              resourceAttributes: {
                ...{ group: 'debugsession.dev', resource: 'debugpolicies', name: 'open', verb, namespace: 'shop' },
              },
            },
          },
          options: { signal },
        },
      ]);
    },
  );
});

describe('a read', () => {
  it.each<[string, (api: SessionApi) => Promise<unknown>, string, Omit<Sent, 'verb' | 'path'>]>([
    [
      'the labels of a namespace',
      (api) => api.namespaceLabels('shop', signal),
      '/api/v1/namespaces/shop',
      { options: { signal } },
    ],
    [
      'the conditions of a node, for a second at most',
      (api) => api.nodeConditions('node-1', signal),
      '/api/v1/nodes/node-1',
      { options: { signal, timeoutMs: 1_000 } },
    ],
    [
      'the use of a pod, for a second at most',
      (api) => api.podMetrics('shop', 'web-1', signal),
      '/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods/web-1',
      { options: { signal, timeoutMs: 1_000 } },
    ],
    [
      'a workload by its name',
      (api) => api.getWorkload('shop', { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, signal),
      '/apis/apps/v1/namespaces/shop/deployments/web',
      { options: { signal } },
    ],
    [
      'the ReplicaSets of a Deployment from the cache of the API server',
      (api) => api.listReplicaSets('shop', 'app=web', signal),
      '/apis/apps/v1/namespaces/shop/replicasets',
      { query: { labelSelector: 'app=web', resourceVersion: '0' }, options: { signal } },
    ],
    [
      'the pods of a workload from the cache of the API server',
      (api) => api.listPods('shop', 'app=web', signal),
      '/api/v1/namespaces/shop/pods',
      { query: { labelSelector: 'app=web', resourceVersion: '0' }, options: { signal } },
    ],
    [
      'one pod by its name, and not from the cache',
      (api) => api.readPod('shop', 'web-1', signal),
      '/api/v1/namespaces/shop/pods',
      { query: { fieldSelector: 'metadata.name=web-1' }, options: { signal } },
    ],
  ])('the operator reads %s', async (_, read, path, rest) => {
    const { api, sent } = aServer({ metadata: {}, items: [] });
    await read(api);
    expect(sent).toEqual([{ verb: 'GET', path, ...rest }]);
  });

  it('the operator sees the labels of a namespace, and none where it has none', async () => {
    expect(await aServer({ metadata: { labels: { team: 'a' } } }).api.namespaceLabels('shop', signal)).toEqual({
      team: 'a',
    });
    expect(await aServer({ metadata: {} }).api.namespaceLabels('shop', signal)).toEqual({});
  });

  it('the operator sees the conditions of a node, and none where the kubelet has written none', async () => {
    const conditions = [{ type: 'MemoryPressure', status: 'True' }];
    expect(await aServer({ status: { conditions } }).api.nodeConditions('node-1', signal)).toEqual(conditions);
    for (const fresh of [{ status: {} }, {}])
      expect(await aServer(fresh).api.nodeConditions('node-1', signal)).toEqual([]);
  });
});
