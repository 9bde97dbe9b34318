import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { API_VERSION, KIND } from '../../src/api/debugsession.ts';
import type { RestClient } from '../../src/kube/rest-client.ts';
import { podsPath, sessionsPath } from '../../src/reconcile/session-api.ts';
import { clientAs } from '../support/cluster/client-as.ts';
import { nameOf } from '../support/cluster/ending.ts';
import { Person } from '../support/cluster/person.ts';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

// A session reaches pods of its own namespace, by whatever field somebody tries. Eve may ask in hers; the pod she wants
// is in another.

let stage: Stage;
let victim: Stage;
let eve: Person;
/** Eve without a kubectl that would look at what she writes. */
let raw: RestClient;

beforeAll(async () => {
  [stage, victim] = (await Promise.all(['mine', 'victim'].map((name) => Stage.open(name, { operator: false })))) as [
    Stage,
    Stage,
  ];
  // One operator for both: it could reach the victim's pod, if it were talked into it.
  await stage.startOperator(`--namespaces=${stage.namespace},${victim.namespace}`);
  raw = clientAs(stage, 'eve');
  [eve] = await Promise.all([
    Person.whoMayAsk(stage, 'eve'),
    victim.runningPod('web', appPod()),
    victim.client.create(`/apis/apps/v1/namespaces/${victim.namespace}/deployments`, {
      metadata: { name: 'shop' },
      spec: {
        selector: { matchLabels: { app: 'shop' } },
        template: { metadata: { labels: { app: 'shop' } }, spec: appPod() },
      },
    }),
  ]);
});

afterAll(async () => {
  const { items } = await victim.client.list<{ items: { metadata: { name: string } }[] }>(podsPath(victim.namespace));
  const untouched = await Promise.all(
    items.map(async ({ metadata }) => ephemeralNames(await victim.pod(metadata.name))),
  );
  await raw.close();
  await stage.close();
  await victim.close();
  expect(untouched.flat()).toEqual([]);
});

/** What somebody puts into a field that takes a name. `%` is replaced by the other namespace. */
const TRICKS = [
  '%/web',
  '../%/web',
  '../../%/pods/web',
  '..%2f..%2f%%2fpods%2fweb',
  '%2f%2fweb',
  'web/../../../%/pods/web',
  'web?namespace=%',
  'web#%',
  'web;%',
  '.',
  '..',
  'web/ephemeralcontainers',
  'web\u0000',
  'web\n',
  'web/',
  '/api/v1/namespaces/%/pods/web',
  'ｗｅｂ',
  'WEB',
];

const tricks = (): string[] => TRICKS.map((trick) => trick.replaceAll(/%(?!2f)/g, victim.namespace));

/** @returns the API server's words to each of them */
function refusals(sessions: { name?: string; spec?: object }[]): Promise<string[]> {
  return Promise.all(
    sessions.map(async ({ name = 'path', spec }) => {
      const whole = { target: { podName: 'web' }, image: 'busybox', ...spec };
      const body = { apiVersion: API_VERSION, kind: KIND, metadata: { name }, spec: whole };
      const outcome = await raw.create(sessionsPath(stage.namespace), body).catch((error: unknown) => error);
      expect(outcome).toMatchObject({ code: 422 });
      return (outcome as Error).message;
    }),
  );
}

describe('a path instead of a name', () => {
  it.each<[string, (value: string) => object]>([
    ['target.podName', (podName) => ({ target: { podName } })],
    [
      'target.workloadRef.name',
      (name) => ({ target: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name } } }),
    ],
    ['target.containerName', (containerName) => ({ target: { podName: 'web', containerName } })],
    ['policyName', (policyName) => ({ policyName })],
  ])('the API server refuses a path in spec.%s', async (field, spec) => {
    for (const words of await refusals(tricks().map((value) => ({ spec: spec(value) }))))
      expect(words).toContain(`spec.${field}: Invalid value`);
  });

  it('the API server refuses a path in the name of the session', async () => {
    for (const words of await refusals(tricks().map((name) => ({ name })))) expect(words).toContain('metadata.name');
  });
});

describe('another namespace', () => {
  it('the target has no field for a namespace, and the API server drops such a field', async () => {
    const namespaced = { target: { podName: 'web', namespace: victim.namespace } };
    expect(await eve.asks('typed-in', namespaced)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('unknown field "spec.target.namespace"'),
    });
    const manifest = {
      ...{ apiVersion: API_VERSION, kind: KIND, metadata: { name: 'unchecked' } },
      spec: { ...namespaced, image: 'busybox', command: ['true'] },
    };
    const made = await eve.kubectl(['create', '--validate=false', '-f', '-'], JSON.stringify(manifest));
    expect(made).toMatchObject({ code: 0 });
    expect((await stage.session('unchecked')).spec.target).toEqual({ podName: 'web' });
  });

  it('the workload of a target has no field for a namespace', async () => {
    const ref = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop', namespace: victim.namespace } as const;
    expect(await eve.asks('typed-in', { target: { workloadRef: ref } })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('unknown field "spec.target.workloadRef.namespace"'),
    });
  });

  it('the API server refuses a session in another namespace to a user without the right', async () => {
    const manifest = { apiVersion: API_VERSION, kind: KIND, metadata: { name: 'there', namespace: victim.namespace } };
    const spec = { target: { podName: 'web' }, image: 'busybox' };
    const args = ['create', '-f', '-', `--namespace=${victim.namespace}`];
    expect(await eve.kubectl(args, JSON.stringify({ ...manifest, spec }))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/User "eve" cannot create resource "debugsessions"/),
    });
    // The path says one namespace, the body another.
    const raw = ['create', '-f', '-', `--raw=/apis/${API_VERSION}/namespaces/${stage.namespace}/debugsessions`];
    expect(await eve.kubectl(raw, JSON.stringify({ ...manifest, spec }))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/namespace of the provided object does not match/),
    });
  });

  it.each<[string, object]>([
    ['pod', { podName: 'web' }],
    ['workload', { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop' } }],
  ])('a session does not find the %s with the right name in another namespace', async (words, target) => {
    const name = `namesake-${nameOf(words)}`;
    const asked = await eve.asks(name, { target, command: ['true'], pendingTimeout: '1s' });
    expect(asked).toMatchObject({ code: 0 });
    const { status } = await stage.untilPhase(name, 'Failed');
    expect(status?.runs?.[0]?.message).toMatch(/^Waited 1s: There is no (pod|Deployment)/);
  });
});
