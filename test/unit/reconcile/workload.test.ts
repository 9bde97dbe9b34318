import { describe, expect, it } from '@jest/globals';
import type { WorkloadKind, WorkloadRef } from '../../../src/api/debugsession.ts';
import type { Pod } from '../../../src/api/pod.ts';
import { SessionApi } from '../../../src/reconcile/session-api.ts';
import { resolveWorkload } from '../../../src/reconcile/workload.ts';
import type { Sighting } from '../../../src/session/look/sighting.ts';
import { aPod } from '../../support/builders/builders.ts';
import { anApiError, FakeClient } from '../../support/fakes/fake-client.ts';

const PODS = 'GET /api/v1/namespaces/shop/pods';
const never = new AbortController().signal;

function aRef(kind: WorkloadKind): WorkloadRef {
  return { apiVersion: kind === 'Job' ? 'batch/v1' : 'apps/v1', kind, name: 'web' };
}

function pathOf({ apiVersion, kind, name }: WorkloadRef): string {
  return `GET /apis/${apiVersion}/namespaces/shop/${kind.toLowerCase()}s/${name}`;
}

function aWorkload(selector: object = { matchLabels: { app: 'web' } }): object {
  return { metadata: { name: 'web', uid: 'web-uid' }, spec: { selector } };
}

function podOf(owner: string, name = 'web-1', change: (pod: Pod) => void = () => undefined): Pod {
  return aPod((pod) => {
    pod.metadata.name = name;
    pod.metadata.ownerReferences = [{ kind: 'X', name: 'x', uid: owner, controller: true }];
    change(pod);
  });
}

function resolve(client: FakeClient, ref: WorkloadRef): Promise<Sighting> {
  return resolveWorkload(new SessionApi(client), 'shop', ref, never);
}

const chosen = (sighting: Sighting): string =>
  sighting.kind === 'present' ? sighting.pod.metadata.name : 'reason' in sighting ? sighting.reason : sighting.kind;

describe('the pod of a workload', () => {
  it.each(['StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job'] as const)(
    'the pod of a %s is one that the workload controls',
    async (kind) => {
      const client = new FakeClient().on(pathOf(aRef(kind)), aWorkload());
      client.on(PODS, { items: [podOf('another', 'not-ours'), podOf('web-uid', 'ours')] });
      expect(chosen(await resolve(client, aRef(kind)))).toBe('ours');
      expect(client.sent.map((request) => request.query)).toContainEqual({
        labelSelector: 'app=web',
        resourceVersion: '0',
      });
    },
  );

  it('the pod of a Deployment belongs to a ReplicaSet of that Deployment, and not of an overlapping one', async () => {
    const client = new FakeClient().on(pathOf(aRef('Deployment')), aWorkload());
    const owned = (uid: string, owner: string): object => ({
      metadata: { uid, ownerReferences: [{ uid: owner, controller: true }] },
    });
    client.on('GET /apis/apps/v1/namespaces/shop/replicasets', {
      items: [owned('rs-1', 'web-uid'), owned('rs-2', 'another')],
    });
    client.on(PODS, { items: [podOf('rs-2', 'not-ours'), podOf('rs-1', 'ours')] });
    expect(chosen(await resolve(client, aRef('Deployment')))).toBe('ours');
  });

  it.each<[string, object[] | undefined, boolean]>([
    ['that nobody owns', undefined, false],
    ['of which the Deployment is not the controller', [{ uid: 'web-uid', controller: false }], false],
    [
      'that has another owner besides',
      [
        { uid: 'web-uid', controller: true },
        { uid: 'another', controller: false },
      ],
      true,
    ],
  ])(
    'the operator judges a pod by the controller of its ReplicaSet: a ReplicaSet %s',
    async (_what, ownerReferences, isOurs) => {
      const client = new FakeClient().on(pathOf(aRef('Deployment')), aWorkload());
      const metadata = { uid: 'rs-1', ...(ownerReferences && { ownerReferences }) };
      client.on('GET /apis/apps/v1/namespaces/shop/replicasets', { items: [{ metadata }] });
      client.on(PODS, { items: [podOf('rs-1', 'found')] });
      expect(chosen(await resolve(client, aRef('Deployment')))).toBe(isOurs ? 'found' : 'NoReadyPod');
    },
  );

  it('the chosen pod of a workload is ready, is not terminating, and is the oldest of these', async () => {
    const client = new FakeClient().on(pathOf(aRef('Job')), aWorkload());
    const older = '2025-12-31T00:00:00Z';
    client.on(PODS, {
      items: [
        podOf('web-uid', 'unready', (pod) => (pod.status.conditions = [{ type: 'Ready', status: 'False' }])),
        podOf('web-uid', 'going', (pod) => (pod.metadata.deletionTimestamp = older)),
        podOf('web-uid', 'young'),
        podOf('web-uid', 'old', (pod) => (pod.metadata.creationTimestamp = older)),
      ],
    });
    expect(chosen(await resolve(client, aRef('Job')))).toBe('old');
  });

  it('a session waits while its workload does not exist', async () => {
    const sighting = await resolve(new FakeClient(), aRef('StatefulSet'));
    expect(sighting).toMatchObject({ kind: 'unresolved', reason: 'WorkloadNotFound' });
    expect(sighting.kind === 'unresolved' && sighting.message).toMatch(/no StatefulSet web in namespace shop/);
  });

  it('a session waits while no pod of its workload is ready', async () => {
    const client = new FakeClient().on(pathOf(aRef('Job')), aWorkload()).on(PODS, { items: [] });
    expect(chosen(await resolve(client, aRef('Job')))).toBe('NoReadyPod');
  });

  it('a workload with an empty selector has no pod', async () => {
    const client = new FakeClient().on(pathOf(aRef('Job')), aWorkload({})).on(PODS, { items: [podOf('web-uid')] });
    const message = 'Job web selects no pods';
    expect(await resolve(client, aRef('Job'))).toEqual({ kind: 'unresolved', reason: 'WorkloadNotFound', message });
  });

  it('a session waits with the words of the server where the operator may not read the workload', async () => {
    const words = 'jobs.batch "web" is forbidden: User "debugsession" cannot get resource "jobs"';
    const client = new FakeClient().on(pathOf(aRef('Job')), anApiError(403, words));
    expect(await resolve(client, aRef('Job'))).toEqual({ kind: 'unresolved', reason: 'Forbidden', message: words });
  });

  it('a passing fault of the API server fails the look at a workload', async () => {
    const client = new FakeClient().on(pathOf(aRef('Job')), anApiError(500, 'etcd is away'));
    await expect(resolve(client, aRef('Job'))).rejects.toThrow('etcd is away');
  });

  it.each([
    [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['x', 'y'] }] }, 'a in (x,y)'],
    [{ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['x'] }] }, 'a notin (x)'],
    [{ matchLabels: { b: '1' }, matchExpressions: [{ key: 'a', operator: 'Exists' }] }, 'b=1,a'],
    [{ matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] }, '!a'],
  ])('the operator lists pods for the selector %j with %s', async (selector, text) => {
    const client = new FakeClient().on(pathOf(aRef('Job')), aWorkload(selector)).on(PODS, { items: [] });
    await resolve(client, aRef('Job'));
    expect(client.sent.at(-1)?.query).toEqual({ labelSelector: text, resourceVersion: '0' });
  });
});
