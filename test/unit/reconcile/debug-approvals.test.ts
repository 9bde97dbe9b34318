import { afterEach, expect, it } from '@jest/globals';
import { approvalsPath, DebugApprovals } from '../../../src/reconcile/debug-approvals.ts';
import { type Logger, silentLogger } from '../../../src/runtime/logger.ts';
import type { Authority } from '../../../src/session/look/authority.ts';
import { anApproval } from '../../support/builders/approvals.ts';
import { aSession } from '../../support/builders/builders.ts';
import { settle } from '../../support/fakes/fake-clock.ts';
import { FakeSource } from '../../support/fakes/fake-source.ts';

const IN_FORCE: Authority = { kind: 'inForce', since: 0 };
const web = aSession();
const db = aSession({}, { metadata: { name: 'inspect-db', uid: 'uid-of-db' } });

const ends: (() => Promise<void>)[] = [];
afterEach(() => Promise.all(ends.splice(0).map((end) => end())));

const page = (...items: object[]) => ({ metadata: { resourceVersion: '10' }, items });

async function read(answer: ConstructorParameters<typeof FakeSource>[0], namespaces: readonly string[] = []) {
  const source = new FakeSource(answer);
  const told: string[] = [];
  const asked: (string | undefined)[] = [];
  const logged: unknown[] = [];
  const logger: Logger = { ...silentLogger, warn: ({ resource }: { resource?: string }) => logged.push(resource) };
  const approvals = new DebugApprovals({
    namespaces,
    source: (namespace) => {
      asked.push(namespace);
      return source;
    },
    authority: () => IN_FORCE,
    onChange: (key) => told.push(key),
    logger,
  });
  const abort = new AbortController();
  const running = approvals.run(abort.signal);
  ends.push(() => {
    abort.abort();
    return running;
  });
  await settle();
  return { approvals, source, told, asked, logged };
}

const namesOf = (view: ReturnType<DebugApprovals['of']>): string[] | string =>
  view.kind === 'known' ? view.approvals.map(({ metadata }) => metadata.name) : view.message;

it.each<[string, readonly string[]]>([
  ['all namespaces', []],
  ['one namespace', ['shop']],
])('the operator of %s knows the approvals of each session by its name, until they are deleted', async (_, spaces) => {
  const ofWeb = anApproval(web, 'alice');
  const { approvals, source, told } = await read(page(ofWeb, anApproval(db, 'bob')), spaces);
  expect(approvals.of(web)).toMatchObject({ kind: 'known', authority: IN_FORCE });
  expect([namesOf(approvals.of(web)), namesOf(approvals.of(db))]).toEqual([['inspect-web-alice'], ['inspect-db-bob']]);
  expect(told).toEqual(['shop/inspect-web', 'shop/inspect-db']);
  source.open.send('DELETED', { ...ofWeb, metadata: { ...ofWeb.metadata, resourceVersion: '300' } });
  await settle();
  expect(namesOf(approvals.of(web))).toEqual([]);
  expect(told.slice(2)).toEqual(['shop/inspect-web']);
});

it('an approval of another namespace is none of the session', async () => {
  const elsewhere = anApproval(web, 'alice', { metadata: { namespace: 'other' } });
  const { approvals } = await read(page(elsewhere));
  expect(namesOf(approvals.of(web))).toEqual([]);
});

it('the operator knows nothing of approvals where the resource is not installed, and says why', async () => {
  const refused = Object.assign(new Error('the server could not find the requested resource'), { code: 404 });
  const { approvals } = await read(refused);
  expect(namesOf(approvals.of(web))).toContain('could not find the requested resource');
});

it('the operator keeps of an approval only the fields that it judges', async () => {
  const approval = anApproval(web, 'alice');
  const padded = { ...approval, metadata: { ...approval.metadata, annotations: { 'argocd.io/x': 'long' } } };
  const { approvals } = await read(page(padded));
  const view = approvals.of(web);
  expect(view.kind === 'known' && view.approvals).toEqual([approval]);
});

it('the operator of some namespaces follows the approvals of each, and knows nothing of others', async () => {
  const { approvals, asked } = await read(page(anApproval(web, 'alice')), ['bank', 'ops']);
  expect(asked).toEqual(['bank', 'ops']);
  expect(approvals.of(web)).toEqual({ kind: 'unread', message: 'they have not been read yet' });
  expect((await read(page())).asked).toEqual([undefined]);
});

it('the operator knows nothing of approvals before the first list, and says so', async () => {
  const { approvals } = await read('hang');
  expect(approvals.of(web)).toEqual({ kind: 'unread', message: 'they have not been read yet' });
});

it.each<[string, readonly string[], string]>([
  ['all namespaces', [], 'debugapprovals'],
  ['one namespace', ['shop'], 'debugapprovals shop/*'],
])('the log of the operator of %s names what could not be read', async (_, namespaces, resource) => {
  const { logged } = await read(Object.assign(new Error('forbidden'), { code: 403 }), namespaces);
  expect(logged).toEqual([resource]);
});

it('the operator waits for the approvals of every namespace at its start', async () => {
  const waits = async (answer: Parameters<typeof read>[0]): Promise<string> => {
    const { approvals } = await read(answer, ['shop', 'bank']);
    return Promise.race([approvals.synced.then(() => 'read'), settle().then(() => 'waits')]);
  };
  expect([await waits(page()), await waits('hang')]).toEqual(['read', 'waits']);
});

it('the operator lists approvals in one namespace, or in all', () => {
  expect([approvalsPath('shop'), approvalsPath()]).toEqual([
    '/apis/debugsession.dev/v1alpha1/namespaces/shop/debugapprovals',
    '/apis/debugsession.dev/v1alpha1/debugapprovals',
  ]);
});
