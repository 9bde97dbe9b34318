import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiError } from '../../src/kube/api-error.ts';
import type { RestClient } from '../../src/kube/rest-client.ts';
import { podsPath, sessionsPath } from '../../src/reconcile/session-api.ts';
import { busyboxImage } from '../cluster/image-names.ts';
import { clientAs } from '../support/cluster/client-as.ts';
import { DEPLOYMENT, OPERATOR_NAMESPACE } from '../support/cluster/installation.ts';
import { Person } from '../support/cluster/person.ts';
import { shellPod } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

// What can be done with the operator's token, once it is stolen, beyond the injection that is its job: nothing of this.
// The account is impersonated, which is the same to the API server; the audit of what the operator itself does must not
// take it for that. How it is kept out of applications by exec and attach, over every way, is in
// test/integration/exec-policy.test.ts.

const OPERATOR = `system:serviceaccount:${OPERATOR_NAMESPACE}:${DEPLOYMENT}`;
const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const ADMISSION = '/apis/admissionregistration.k8s.io/v1';

let stage: Stage;
let thief: RestClient;

beforeAll(async () => {
  stage = await Stage.open('stolen-token', { operator: false });
  thief = clientAs(stage, OPERATOR);
  const [dana] = await Promise.all([
    Person.whoMayAsk(stage, 'dana'),
    stage.runningPod('web', shellPod('sleep 3600')),
    stage.client.create(`/api/v1/namespaces/${stage.namespace}/secrets`, { metadata: { name: 'password' } }),
  ]);
  expect(await dana.asks('of-dana', { target: { podName: 'web' }, ttl: '10m' })).toMatchObject({ code: 0 });
});

afterAll(async () => {
  await thief.close();
  await stage.close();
});

/** @returns the words of the API server @throws Error where it let the thief do it */
async function refusal(attempt: Promise<unknown>): Promise<string> {
  const outcome = await attempt.catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(ApiError);
  expect(outcome).toMatchObject({ code: 403 });
  return (outcome as ApiError).message;
}

const core = (path: string): string => `/api/v1/namespaces/${stage.namespace}/${path}`;
const merge = { type: 'merge' } as const;
/** What a role would have that allows everything. */
const everything = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };

it('the stolen token has the rights of the operator', async () => {
  expect(await thief.list(podsPath(stage.namespace))).toMatchObject({ items: [{ metadata: { name: 'web' } }] });
});

describe('the stolen token of the operator', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['reads no secret', () => thief.get(core('secrets/password'))],
    ['lists no secrets of a namespace', () => thief.list(core('secrets'))],
    ['lists no secrets of the cluster', () => thief.list('/api/v1/secrets')],
    ['reads no config maps', () => thief.list(core('configmaps'))],
    ['mints no token of another account', () => thief.create(core('serviceaccounts/default/token'), {})],
    ['makes no pod', () => thief.create(core('pods'), { metadata: { name: 'evil' }, spec: shellPod('true') })],
    ['deletes no pod', () => thief.delete(core('pods/web'))],
    ['changes no pod', () => thief.patch(core('pods/web'), { metadata: { labels: { evil: 'yes' } } }, merge)],
    ['forges no status of a pod', () => thief.patch(core('pods/web/status'), { status: {} }, merge)],
    ['reads no logs', () => thief.get(core('pods/web/log'))],
    ['forwards no port', () => thief.create(core('pods/web/portforward'), {})],
    ['goes to no pod through the API server', () => thief.get(core('pods/web/proxy/'))],
    ['makes no workload', () => thief.create(`/apis/apps/v1/namespaces/${stage.namespace}/deployments`, {})],
    ['reads no node', () => thief.list('/api/v1/nodes')],
    ['reaches no kubelet through the API server', () => thief.get('/api/v1/nodes/any/proxy/pods')],
    [
      'gives itself no role',
      () =>
        thief.create(`${RBAC}/clusterrolebindings`, {
          metadata: { name: 'evil' },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
          subjects: [{ kind: 'User', name: OPERATOR }],
        }),
    ],
    [
      'widens none of its roles',
      () => thief.patch(`${RBAC}/clusterroles/debugsession-manager`, { rules: [everything] }, merge),
    ],
    ['takes away no policy', () => thief.delete(`${ADMISSION}/validatingadmissionpolicies/debugsession-requester`)],
    [
      'takes away no binding',
      () => thief.delete(`${ADMISSION}/validatingadmissionpolicybindings/debugsession-confine-exec`),
    ],
    [
      'opens no DebugPolicy',
      () => thief.create('/apis/debugsession.dev/v1alpha1/debugpolicies', { metadata: { name: 'evil' }, spec: {} }),
    ],
    [
      'changes no definition of a resource',
      () => thief.delete('/apis/apiextensions.k8s.io/v1/customresourcedefinitions/debugsessions.debugsession.dev'),
    ],
    [
      'holds no other lease than its own',
      () => thief.get('/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kube-controller-manager'),
    ],
    ['asks for no session', () => thief.create(sessionsPath(stage.namespace), {})],
  ])('the stolen token %s', async (_words, attempt) => {
    expect(await refusal(attempt())).toContain(`User "${OPERATOR}" cannot `);
  });

  it.each([
    ['impersonate', 'users'],
    ['impersonate', 'groups'],
    ['impersonate', 'serviceaccounts'],
    ['escalate', 'clusterroles.rbac.authorization.k8s.io'],
    ['bind', 'clusterroles.rbac.authorization.k8s.io'],
    ['approve', 'signers.certificates.k8s.io'],
  ])('the stolen token may not %s %s', async (verb, resource) => {
    const asked = await stage.kubectl([`--as=${OPERATOR}`, 'auth', 'can-i', verb, resource]);
    expect(asked).toMatchObject({ code: 1, stdout: 'no\n' });
  });

  it.each<[string, object, RegExp]>([
    ['lengthens nobody’s session', { ttl: '1h' }, /this session is dana's/],
    ['gives nobody’s session to another', { requestedBy: { username: 'evil' } }, /never changes/],
    ['asks for no attempt in its own name', { attempt: 2 }, /may not use DebugPolicy default/],
    ['swaps no image', { image: 'evil' }, /frozen until the next attempt/],
  ])('the stolen token %s, though it may patch sessions', async (_words, spec, says) => {
    const path = `${sessionsPath(stage.namespace)}/of-dana`;
    const outcome = await thief.patch(path, { spec }, merge).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(ApiError);
    expect((outcome as ApiError).message).toMatch(says);
    expect((await stage.session('of-dana')).spec).toMatchObject({ ttl: '10m', attempt: 1, image: busyboxImage });
  });

  it('the stolen token changes only the list of ephemeral containers through the injection', async () => {
    const before = await stage.pod('web');
    const evil = {
      metadata: { labels: { evil: 'yes' }, annotations: { evil: 'yes' } },
      spec: { containers: [{ name: 'app', image: 'evil' }], hostPID: true, tolerations: [{ operator: 'Exists' }] },
    };
    const path = `${podsPath(stage.namespace)}/web/ephemeralcontainers`;
    await thief.patch(path, evil, { type: 'strategic' }).catch((error: unknown) => error);
    const after = await stage.pod('web');
    expect(after.spec).toEqual(before.spec);
    expect(after.metadata).toMatchObject({ uid: before.metadata.uid });
    expect(after.metadata.labels).toEqual(before.metadata.labels);
    expect(after.metadata.annotations).toEqual(before.metadata.annotations);
  });
});
