import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { API_VERSION, type DebugSessionSpec, KIND } from '../../src/api/debugsession.ts';
import { type Answer, apiServer, type ApiServer, kubectl } from '../support/cluster/api-server.ts';
import { OPEN_POLICY } from '../support/builders/open-policy.ts';
import { DENIED, Door } from './door.ts';

// Which changes of a session the API server compares with its DebugPolicy: those that ask for a start. No operator
// runs.

const NAMESPACE = `verdict-changes-${process.pid}`;
const PATH = `/apis/${API_VERSION}/namespaces/${NAMESPACE}/debugsessions`;
const REFUSED = 'image docker.io/library/busybox:latest is not allowed (allowed: none)';
let server: ApiServer;
let door: Door;

beforeAll(async () => {
  server = await apiServer();
  door = new Door(server, NAMESPACE);
  await server.post('/api/v1/namespaces', { metadata: { name: NAMESPACE } });
});

afterAll(async () => {
  await door.close();
  await kubectl('delete', 'namespace', NAMESPACE, '--wait=false');
  server.close();
});

function create(name: string, spec: object): Promise<Answer> {
  const plain = { target: { podName: 'web' }, image: 'busybox' };
  const body = { apiVersion: API_VERSION, kind: KIND, metadata: { name }, spec: { ...plain, ...spec } };
  return server.post(PATH, body);
}

/** @param attempt that has started @returns the message of the refusal; empty: the API server takes the change */
async function change(name: string, patch: object, attempt?: number): Promise<string> {
  if (attempt !== undefined) {
    await server.patch(`${PATH}/${name}/status`, 'merge-patch', { status: { attempt, phase: 'Completed' } });
  }
  return (await server.patch(`${PATH}/${name}?dryRun=All`, 'merge-patch', patch)).message;
}

/** A session that is older than the policy, which allows no image. */
async function olderSession(name: string, spec: Partial<DebugSessionSpec> = {}): Promise<void> {
  const policyName = door.nextName();
  expect((await create(name, { policyName, ...spec })).message).toBe('');
  await door.policy({ ...OPEN_POLICY, images: [] }, policyName);
}

it.each<[string, object, number | undefined]>([
  ['a raised attempt', { spec: { attempt: 3 } }, 2],
  ['a lowered attempt that has not started', { spec: { attempt: 1 } }, 0],
  ['a changed ttl of an attempt that has not started', { spec: { ttl: '5m' } }, 1],
  ['a changed ttl before the first attempt', { spec: { ttl: '5m' } }, undefined],
  ['cancel that is taken back before the attempt starts', { spec: { cancel: false } }, 1],
])('the API server compares %s with the DebugPolicy', async (words, patch, started) => {
  const name = words.replaceAll(' ', '-');
  await olderSession(name, { attempt: 2 });
  expect(await change(name, patch, started)).toContain(REFUSED);
});

it.each<[string, object, number | undefined]>([
  ['a label', { metadata: { labels: { a: 'b' } } }, undefined],
  ['an unchanged spec', { spec: { attempt: 2 } }, undefined],
  ['cancel', { spec: { cancel: true } }, undefined],
  ['the ttl of an attempt that has started', { spec: { ttl: '5m' } }, 2],
  ['an attempt that started before', { spec: { attempt: 1 } }, 2],
])('the API server takes a change of %s, whatever the DebugPolicy says', async (words, patch, started) => {
  const name = words.replaceAll(' ', '-');
  await olderSession(name, { attempt: 2 });
  expect(await change(name, patch, started)).toBe('');
});

it('the API server takes a session whose policy does not exist, and one that is cancelled', async () => {
  const nothing = await door.policy({});
  expect((await create('early', { policyName: 'not-there' })).message).toBe('');
  expect((await create('cancelled', { policyName: nothing, cancel: true })).message).toBe('');
});

it('the API server refuses with 403, one sentence for all reasons, and keeps nothing', async () => {
  const policyName = await door.policy({ requireNotAfter: true });
  const { status, message } = await create('refused', { policyName, ttl: '5h' });
  expect([status, message.replace(DENIED, '')]).toEqual([
    403,
    `DebugPolicy ${policyName} does not allow this: ${REFUSED}; profile general is not allowed (allowed: none); ttl 5h is longer than ttl.max (4h); notAfter is not set, and requireNotAfter demands it`,
  ]);
  expect((await server.get(`${PATH}/refused`)).status).toBe(404);
});
