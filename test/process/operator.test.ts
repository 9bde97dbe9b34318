import { KubeConfig } from '@kubernetes/client-node';
import { afterEach, expect, it } from '@jest/globals';
import { FINALIZER, type DebugSession } from '../../src/api/debugsession.ts';
import type { RestClient } from '../../src/kube/rest-client.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { DebugSessionOperator } from '../../src/operator.ts';
import { aSession } from '../support/builders/builders.ts';
import { settle } from '../support/fakes/fake-clock.ts';
import { FakeSource } from '../support/fakes/fake-source.ts';

const endings: (() => Promise<unknown>)[] = [];
afterEach(() => Promise.all(endings.splice(0).map((end) => end())));

/** A session that asks for nothing more: no finalizer, no attempt that was not made. */
function aRecord(name: string, resourceVersion: number): DebugSession {
  const metadata = { name, uid: `uid-${name}`, resourceVersion: String(resourceVersion) };
  return aSession({}, { metadata, status: { phase: 'Completed', attempt: 1 } });
}

function aLive(name: string, resourceVersion: number): DebugSession {
  const session = aRecord(name, resourceVersion);
  return { ...session, metadata: { ...session.metadata, finalizers: [FINALIZER] }, status: { attempt: 1 } };
}

/**
 * An operator with one worker, and a server of which the test plays the sessions: it answers no write and shows no pod.
 */
function anOperator(sessions: DebugSession[]) {
  const source = new FakeSource({ metadata: { resourceVersion: '500' }, items: sessions });
  const pods = new FakeSource('hang');
  const sourceOf = (path: string): FakeSource => (path.endsWith('/pods') ? pods : source);
  const client = {
    server: 'https://server',
    list: (path: string, query: object, { signal }: { signal: AbortSignal }) => sourceOf(path).list(query, signal),
    watch: (path: string, query: never, signal: AbortSignal) => sourceOf(path).watch(query, signal),
    patch: (_path: string, _body: object, { signal }: { signal: AbortSignal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
  };
  const metrics = createMetrics();
  const operator = new DebugSessionOperator({
    connection: { client: client as unknown as RestClient, namespace: 'default', config: new KubeConfig() },
    namespaces: [],
    insecureNoIdentity: true,
    checkPressure: false,
    nodeStop: undefined,
    workers: 1,
    recorder: { record: () => undefined },
    metrics,
    logger: createLogger({ level: 'error' }),
  });
  const term = new AbortController();
  endings.push(() => {
    term.abort();
    return operator.shutDown();
  });
  /** What Prometheus would read: keys that wait, by priority. */
  const depths = async (): Promise<Record<string, number>> => {
    await settle();
    operator.count();
    const { body } = await metrics.expose();
    const lines = [...body.matchAll(/^workqueue_depth\{.*priority="(-?\d+)"\} (\d+)$/gm)];
    return Object.fromEntries(lines.map(([, priority = '', waiting]) => [priority, Number(waiting)]));
  };
  return { operator, source, depths, lead: () => void operator.lead(term.signal, () => 0) };
}

it('the operator queues no session before it leads, and then live sessions before records', async () => {
  const { operator, source, depths, lead } = anOperator([aRecord('old', 1), aLive('live', 2)]);
  await operator.start();
  await operator.synced;
  await settle();
  for (let version = 501; version < 520; version++) {
    source.open.send('ADDED', aRecord(`passing-${version}`, version));
    source.open.send('DELETED', aRecord(`passing-${version}`, version + 1));
  }
  source.open.send('ADDED', aSession({}, { metadata: { name: 'new', uid: 'uid-new', resourceVersion: '530' } }));
  expect(await depths()).toEqual({ '0': 0 });

  lead();
  // One of those with work to do has the only worker.
  expect(await depths()).toEqual({ '0': 0, '-50': 1, '-100': 1 });
});

it('the operator handles changes from the watch before objects from a list', async () => {
  const busy = aSession({}, { metadata: { name: 'busy', uid: 'uid-busy', resourceVersion: '3' } });
  const { operator, source, depths, lead } = anOperator([busy, aRecord('old', 1), aRecord('older', 2)]);
  await operator.start();
  await operator.synced;
  lead();
  expect(await depths()).toMatchObject({ '0': 0, '-100': 2 });

  source.open.send('MODIFIED', aRecord('old', 510));
  expect(await depths()).toMatchObject({ '0': 1, '-100': 1 });

  const items = [busy, aRecord('old', 510), aRecord('older', 2), aRecord('unseen', 511), aLive('unseen-live', 512)];
  source.answerLists({ metadata: { resourceVersion: '600' }, items });
  source.open.send('ERROR', { kind: 'Status', code: 410, message: 'too old' });
  expect(await depths()).toEqual({ '0': 1, '-50': 1, '-100': 2 });
});
