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
  it.each(['StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job'] as const)('is one that the %s controls', async (kind) => {
    const client = new FakeClient().on(pathOf(aRef(kind)), aWorkload());
    client.on(PODS, { items: [podOf('another', 'not-ours'), podOf('web-uid', 'ours')] });
    expect(chosen(await resolve(client, aRef(kind)))).toBe('ours');
    expect(client.sent.map((request) => request.query)).toContainEqual({ labelSelector: 'app=web' });
  });

  it('is one of a Deployment through its ReplicaSets, and not of another whose selector overlaps', async () => {
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

  it('is ready, stays, and has served longest', async () => {
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

  it('is waited for while the workload is not there', async () => {
    const sighting = await resolve(new FakeClient(), aRef('StatefulSet'));
    expect(sighting).toMatchObject({ kind: 'unresolved', reason: 'WorkloadNotFound' });
    expect(sighting.kind === 'unresolved' && sighting.message).toMatch(/no StatefulSet web in namespace shop/);
  });

  it('is waited for while none is ready', async () => {
    const client = new FakeClient().on(pathOf(aRef('Job')), aWorkload()).on(PODS, { items: [] });
    expect(chosen(await resolve(client, aRef('Job')))).toBe('NoReadyPod');
  });

  it('is none where the selector is empty, which would mean every pod', async () => {
    const client = new FakeClient().on(pathOf(aRef('Job')), aWorkload({})).on(PODS, { items: [podOf('web-uid')] });
    expect(chosen(await resolve(client, aRef('Job')))).toBe('WorkloadNotFound');
  });

  it('is waited for, with the words of the server, where it may not be read', async () => {
    const words = 'jobs.batch "web" is forbidden: User "debugsession" cannot get resource "jobs"';
    const client = new FakeClient().on(pathOf(aRef('Job')), anApiError(403, words));
    expect(await resolve(client, aRef('Job'))).toEqual({ kind: 'unresolved', reason: 'Forbidden', message: words });
  });

  it('is asked for again after a passing fault', async () => {
    const client = new FakeClient().on(pathOf(aRef('Job')), anApiError(500, 'etcd is away'));
    await expect(resolve(client, aRef('Job'))).rejects.toThrow('etcd is away');
  });

  it.each([
    [{ matchExpressions: [{ key: 'a', operator: 'In', values: ['x', 'y'] }] }, 'a in (x,y)'],
    [{ matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['x'] }] }, 'a notin (x)'],
    [{ matchLabels: { b: '1' }, matchExpressions: [{ key: 'a', operator: 'Exists' }] }, 'b=1,a'],
    [{ matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] }, '!a'],
  ])('is looked for with the selector %j as %s', async (selector, text) => {
    const client = new FakeClient().on(pathOf(aRef('Job')), aWorkload(selector)).on(PODS, { items: [] });
    await resolve(client, aRef('Job'));
    expect(client.sent.at(-1)?.query).toEqual({ labelSelector: text });
  });
});
