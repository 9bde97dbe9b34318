import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, apiServer, type ApiServer, installCrds } from '../support/cluster/api-server.ts';
import { repositoryPath } from '../support/documents/crd.ts';
import { INVALID } from './manifests/invalid.ts';
import { STATUSES } from './manifests/statuses.ts';
import { type Manifest, MINIMAL } from './manifests/table.ts';
import { UPDATES } from './manifests/updates.ts';
import { VALID } from './manifests/valid.ts';

const namespace = `manifests-${process.pid}`;
const sessions = `/apis/debugsession.dev/v1alpha1/namespaces/${namespace}/debugsessions`;
const dryRun = 'dryRun=All&fieldValidation=Strict';
let server: ApiServer;
let created = 0;

function session(name: string, spec: Manifest): Manifest {
  return { apiVersion: 'debugsession.dev/v1alpha1', kind: 'DebugSession', metadata: { name }, spec };
}

/** Refused with this message or, without one, accepted. */
function expectVerdict(answer: Answer, message: string | undefined): void {
  if (message === undefined) {
    expect({ status: answer.status < 300 ? 'accepted' : answer.status, message: answer.message }).toEqual({
      status: 'accepted',
      message: '',
    });
  } else {
    expect(answer.message).toContain(message);
    expect([400, 422]).toContain(answer.status);
  }
}

/** Creates a session as a GitOps tool would (server-side apply), and gives it a status. Answers its path. */
async function given(spec: Manifest, status?: Manifest): Promise<string> {
  const name = `s${++created}`;
  const path = `${sessions}/${name}`;
  expectVerdict(await server.patch(`${path}?fieldManager=gitops`, 'apply-patch', session(name, spec)), undefined);
  if (status !== undefined) {
    expectVerdict(await server.patch(`${path}/status`, 'merge-patch', { status }), undefined);
  }
  return path;
}

/** The merge patch that kubectl apply would send: fields that are gone become null. */
function mergePatch(from: Manifest, to: Manifest): Manifest {
  const gone = Object.keys(from).filter((name) => !(name in to));
  const patch: Manifest = { ...to, ...Object.fromEntries(gone.map((name) => [name, null])) };
  if (isObject(from['target']) && isObject(to['target']) && 'podName' in from['target']) {
    patch['target'] = { podName: null, ...to['target'] };
  }
  return patch;
}

function isObject(value: unknown): value is Manifest {
  return typeof value === 'object' && value !== null;
}

/** The sessions that the unit tests read; they must be ones that a cluster can hold. */
function recorded(): { name: string; session: { spec: Manifest; status?: Manifest } }[] {
  const directory = repositoryPath('test/unit/fixtures/sessions');
  return readdirSync(directory).map((name) => ({
    name,
    session: JSON.parse(readFileSync(`${directory}/${name}`, 'utf8')) as { spec: Manifest; status?: Manifest },
  }));
}

beforeAll(async () => {
  await installCrds();
  server = await apiServer();
  const answer = await server.post('/api/v1/namespaces', { metadata: { name: namespace } });
  expect(answer.status).toBe(201);
});

afterAll(async () => {
  await server.remove(`/api/v1/namespaces/${namespace}`);
  server.close();
});

describe('creation', () => {
  it.each(VALID)('the API server accepts a session with $what', async ({ spec, sessionName }) => {
    const answer = await server.post(`${sessions}?${dryRun}`, session(sessionName ?? 'valid', spec));
    expectVerdict(answer, undefined);
  });

  it('a new session has attempt 1, its requester and observedGeneration -1, and no other default', async () => {
    const { body } = await server.post(`${sessions}?${dryRun}`, session('defaults', MINIMAL));
    expect(body).toMatchObject({ spec: { ...MINIMAL, attempt: 1 }, status: { observedGeneration: -1 } });
    // An admission policy, not the schema, fills in the last one.
    expect(Object.keys(body['spec'] as Manifest).sort()).toEqual(['attempt', 'image', 'requestedBy', 'target']);
    expect(body['status']).toEqual({ observedGeneration: -1 });
  });

  it('a new session does not have the status that its manifest forges', async () => {
    const forged = { ...session('forged', MINIMAL), status: { phase: 'Completed', observedGeneration: 1 } };
    const { body } = await server.post(`${sessions}?${dryRun}`, forged);
    expect(body['status']).toEqual({ observedGeneration: -1 });
  });
});

describe('refused creation', () => {
  it.each(INVALID)('the API server refuses a session with $what', async ({ spec, sessionName, message }) => {
    expect(message).toBeDefined();
    expectVerdict(await server.post(`${sessions}?${dryRun}`, session(sessionName ?? 'invalid', spec)), message);
  });
});

describe('changes by kubectl apply, replace and server-side apply alike', () => {
  it.each(UPDATES)(
    'the API server gives the same answer to apply, replace and server-side apply: $what',
    async ({ spec, status, to, message }) => {
      const path = await given(spec, status);
      const name = path.slice(path.lastIndexOf('/') + 1);
      const { body } = await server.get(path);
      expectVerdict(await server.patch(`${path}?${dryRun}`, 'merge-patch', { spec: mergePatch(spec, to) }), message);
      expectVerdict(await server.put(`${path}?${dryRun}`, { ...body, spec: to }), message);
      const applied = await server.patch(`${path}?${dryRun}&fieldManager=gitops`, 'apply-patch', session(name, to));
      expectVerdict(applied, message);
    },
  );
});

describe('the status', () => {
  it.each(STATUSES)('a status $what', async ({ status, message }) => {
    const path = await given(MINIMAL);
    expectVerdict(await server.patch(`${path}/status?${dryRun}`, 'merge-patch', { status }), message);
  });

  it.each(recorded())('the API server accepts the recorded status $name', async ({ session: { spec, status } }) => {
    const path = await given(spec);
    const answer = await server.patch(`${path}/status?${dryRun}`, 'merge-patch', { status: status ?? {} });
    expectVerdict(answer, undefined);
    expect(answer.body['status']).toEqual({ observedGeneration: -1, ...status });
  });

  // The rule on frozen fields passes over a write whose phase differs, as only a write of the status has one.
  it('a forged phase thaws no field, in a patch, a replacement and an apply', async () => {
    const path = await given(MINIMAL, { phase: 'Running', attempt: 1, observedGeneration: 1 });
    const { body } = await server.get(path);
    const changed = { ...MINIMAL, image: 'other:1' };
    const status = { phase: 'Completed', attempt: 1, observedGeneration: 1 };
    const message = 'image is frozen until the next attempt';
    expectVerdict(await server.patch(path, 'merge-patch', { spec: changed, status }), message);
    expectVerdict(await server.patch(path, 'merge-patch', { spec: changed, status: null }), message);
    expectVerdict(await server.put(path, { ...body, spec: changed, status }), message);
    const apply = { ...session(path.slice(path.lastIndexOf('/') + 1), changed), status };
    expectVerdict(await server.patch(`${path}?fieldManager=gitops`, 'apply-patch', apply), message);
    expectVerdict(await server.patch(`${path}/status`, 'merge-patch', { spec: changed, status }), undefined);
    const after = await server.get(path);
    expect(after.body).toMatchObject({ spec: { image: MINIMAL['image'] }, status });
  });

  it('a user cannot change the status through the session, nor the session through its status', async () => {
    const path = await given(MINIMAL);
    const viaSession = await server.patch(path, 'merge-patch', { status: { phase: 'Completed' } });
    expect(viaSession.body['status']).toEqual({ observedGeneration: -1 });
    const viaStatus = await server.patch(`${path}/status`, 'merge-patch', { spec: { ttl: '1h' } });
    expect(viaStatus.body['spec']).not.toHaveProperty('ttl');
  });
});
