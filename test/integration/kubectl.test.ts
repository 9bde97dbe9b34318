import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PROFILE_NAMES } from '../../src/api/profiles.ts';
import { apiServer, type ApiServer, installCrds, kubectl } from '../support/cluster/api-server.ts';

const namespace = `kubectl-${process.pid}`;
const sessions = `/apis/debugsession.dev/v1alpha1/namespaces/${namespace}/debugsessions`;
let server: ApiServer;
/** Whom the API server takes us for. */
let requester: string;

async function session(name: string, status: Record<string, unknown>): Promise<void> {
  const spec = { target: { podName: name }, image: 'busybox:1.36' };
  const object = { apiVersion: 'debugsession.dev/v1alpha1', kind: 'DebugSession', metadata: { name }, spec };
  expect(await server.post(sessions, object)).toMatchObject({ status: 201 });
  expect(await server.patch(`${sessions}/${name}/status`, 'merge-patch', { status })).toMatchObject({ status: 200 });
}

/** Cells of what kubectl prints as a table; empty cells stay. */
async function table(...args: string[]): Promise<Record<string, string>[]> {
  const lines = (await kubectl('get', '-n', namespace, ...args)).trimEnd().split('\n');
  const header = lines[0] ?? '';
  const columns = [...header.matchAll(/\S+/g)].map((match) => ({ name: match[0], at: match.index }));
  return lines
    .slice(1)
    .map((line) =>
      Object.fromEntries(columns.map(({ name, at }, i) => [name, line.slice(at, columns[i + 1]?.at).trim()])),
    );
}

beforeAll(async () => {
  await installCrds();
  server = await apiServer();
  await kubectl('create', 'namespace', namespace);
  requester = await kubectl('auth', 'whoami', '--output=jsonpath={.status.userInfo.username}');
  await session('web-1', {
    phase: 'Expired',
    reason: 'Expired',
    attempt: 2,
    target: 'web-1',
    podName: 'web-1',
    nodeName: 'node-1',
    debugContainerName: 'debug-0123abcd-2',
    expiresAt: '2046-01-02T03:34:07Z',
    exitCode: 129,
    runs: [
      { attempt: 1, state: 'Ended', reason: 'Exited' },
      { attempt: 2, state: 'Ended', reason: 'Expired' },
    ],
  });
  await session('web-2', { phase: 'Running', attempt: 1, podName: 'web-2', runs: [] });
  await session('web-3', {});
  await session('web-4', { phase: 'Pending', reason: 'NoReadyPod', target: 'Deployment/web' });
});

afterAll(async () => {
  await server.remove(`/api/v1/namespaces/${namespace}`);
  server.close();
});

describe('kubectl get', () => {
  it('kubectl get shows the pod, the phase, the reason, the end and the requester of a session', async () => {
    const rows = await table('dbg');
    expect(Object.keys(rows[0] ?? {})).toEqual(['NAME', 'POD', 'PHASE', 'REASON', 'EXPIRES', 'REQUESTER', 'AGE']);
    expect(rows[0]).toMatchObject({
      NAME: 'web-1',
      POD: 'web-1',
      PHASE: 'Expired',
      REASON: 'Expired',
      EXPIRES: '2046-01-02T03:34:07Z',
      REQUESTER: requester,
    });
    expect(rows[0]?.['AGE']).toMatch(/^\d+[sm]/);
  });

  it('kubectl get shows which pod or workload a session waits for, and why it waits', async () => {
    const rows = await table('dbg');
    expect(rows[3]).toMatchObject({ POD: 'Deployment/web', PHASE: 'Pending', REASON: 'NoReadyPod' });
  });

  it('kubectl get shows with -o wide the container, image, node and exit code of the newest run', async () => {
    const rows = await table('dbg', '-o', 'wide');
    expect(Object.keys(rows[0] ?? {}).slice(7)).toEqual(['CONTAINER', 'IMAGE', 'NODE', 'EXIT', 'APPROVED-BY']);
    expect(rows[0]).toMatchObject({
      ...{ CONTAINER: 'debug-0123abcd-2', IMAGE: 'busybox:1.36', NODE: 'node-1', EXIT: '129' },
    });
  });

  it('kubectl get shows sessions without any run', async () => {
    const rows = await table('dbg', '-o', 'wide');
    expect(rows.map(({ NAME, PHASE, REASON }) => ({ NAME, PHASE, REASON })).slice(1, 3)).toEqual([
      { NAME: 'web-2', PHASE: 'Running', REASON: '' },
      { NAME: 'web-3', PHASE: '', REASON: '' },
    ]);
  });

  it('kubectl get knows the resource by its names', async () => {
    for (const name of ['debugsession', 'debugsessions', 'dbg', 'debug', 'debugsessions.debugsession.dev']) {
      expect(await kubectl('get', '-n', namespace, name, '-o', 'name')).toContain(
        'debugsession.debugsession.dev/web-1\n',
      );
    }
  });

  it.each([
    ['status.phase=Running', ['web-2']],
    ['status.podName=web-1', ['web-1']],
    ['status.podName=web-1,status.phase=Running', []],
    ['spec.requestedBy.username=nobody', []],
  ])('kubectl get selects sessions by %s', async (selector, names) => {
    const found = await kubectl('get', '-n', namespace, 'dbg', '--field-selector', selector, '-o', 'name');
    expect(found.split('\n').filter(Boolean)).toEqual(names.map((name) => `debugsession.debugsession.dev/${name}`));
  });
});

it('kubectl get selects sessions by requester', async () => {
  const args = ['get', '-n', namespace, 'dbg', '--output=name', '--field-selector'];
  const found = await kubectl(...args, `spec.requestedBy.username=${requester}`);
  expect(found.split('\n').filter(Boolean)).toHaveLength(4);
});

describe('kubectl explain', () => {
  it('kubectl explain says what a ttl is, its unit, its default and when it may change', async () => {
    const text = (await kubectl('explain', 'dbg.spec.ttl')).replace(/\s+/g, ' ');
    expect(text).toContain('FIELD: ttl <string>');
    expect(text).toContain(
      'Time that the container may run, counted from its start, as a duration such as 45s, 30m or 1h30m. 1s to 8760h, and at most the maximum of the policy.',
    );
    expect(text).toContain(
      'Absent: the default of the policy, else 30m. May be changed at any time. While a run lives, the operator tells the container, or the event TtlChangeRefused says why it could not.',
    );
  });

  it('kubectl explain marks required fields and lists the allowed values', async () => {
    const spec = await kubectl('explain', 'dbg.spec');
    expect(spec).toMatch(/^ {2}target\t<Object> -required-$/m);
    expect(spec).toMatch(/^ {2}image\t<string> -required-$/m);
    // kubectl shows four of them.
    expect(spec).toContain(`\n  profile\t<string>\n  enum: ${PROFILE_NAMES.slice(0, 4).join(', ')}, ....\n`);
  });

  it('kubectl explain knows every level of the resource', async () => {
    const all = await kubectl('explain', 'dbg', '--recursive');
    for (const field of ['workloadRef', 'localhostProfile', 'lastTermination', 'lastTransitionTime']) {
      expect(all).toContain(`${field}\t<`);
    }
  });
});
