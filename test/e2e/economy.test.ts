import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { sessionsPath } from '../../src/reconcile/session-api.ts';
import { AuditLog, isWrite, type AuditEvent } from '../support/cluster/audit-log.ts';
import { appPod } from '../support/builders/pods.ts';
import { freePort } from '../support/cluster/free-port.ts';
import { Stage } from '../support/cluster/stage.ts';

// What a session costs the API server, by the API server's own books.

const onNode = process.env['CLUSTER'] === 'current' ? describe.skip : describe;

function parts({ verb, objectRef }: AuditEvent): string[] {
  return [verb, objectRef?.subresource ?? objectRef?.resource ?? ''];
}

/** The intent and the question about the requester, in the order of their answers. */
function besideEachOther(requests: AuditEvent[]): string[][] {
  const two = requests.map(parts);
  expect([...two].sort()).toEqual([
    ['create', 'localsubjectaccessreviews'],
    ['update', 'status'],
  ]);
  return two;
}

onNode('the cost of a session', () => {
  let stage: Stage;
  let audit: AuditLog;
  let metricsAddress: string;

  beforeAll(async () => {
    stage = await Stage.open('economy', { operator: false });
    await stage.runningPod('web', appPod());
    metricsAddress = `127.0.0.1:${await freePort()}`;
    await stage.startOperator(`--metrics-bind-address=${metricsAddress}`, '--metrics-secure=false');
    audit = await AuditLog.from(stage.cluster.node?.auditLog ?? '');
  });
  afterAll(() => stage.close());

  const operators = async (): Promise<AuditEvent[]> =>
    (await audit.requests(stage.namespace)).filter(({ user }) => user.username.endsWith('controller-manager'));

  /** Sum over all results. */
  const reconciles = async (): Promise<number> => {
    const text = await (await fetch(`http://${metricsAddress}/metrics`)).text();
    const counts = [...text.matchAll(/^controller_runtime_reconcile_total\{.*\} (\d+)$/gm)];
    expect(counts.length).toBeGreaterThan(0);
    return counts.reduce((sum, [, count]) => sum + Number(count), 0);
  };

  it('a session that ends cleanly costs six writes, no GET, three events and at most eight reconciles', async () => {
    const { length: askedBefore } = await operators();
    await stage.createSession('clean', { target: { podName: 'web' }, command: ['sleep', '600'], ttl: '3s' });
    await stage.untilSession('clean', (s) => s.status?.phase === 'Expired' && s.metadata.finalizers === undefined);
    await stage.until('three events', async () => (await stage.events('DebugSession', 'clean')).length >= 3);
    const isEvent = ({ objectRef }: AuditEvent): boolean => objectRef?.resource === 'events';
    await stage.until('the books are closed', async () => (await operators()).filter(isEvent).length >= 3);
    const asked = (await operators()).slice(askedBefore);
    const writes = asked.filter((request) => isWrite(request) && !isEvent(request));
    expect(writes.map(parts)).toEqual([
      ['patch', 'debugsessions'],
      ...besideEachOther(writes.slice(1, 3)),
      ['patch', 'ephemeralcontainers'],
      ['update', 'status'],
      ['update', 'status'],
      ['patch', 'debugsessions'],
    ]);
    expect(asked.filter(({ verb }) => verb === 'get')).toEqual([]);
    expect(asked.filter(isEvent).map(({ verb }) => verb)).toEqual(['create', 'create', 'create']);
    expect(asked.every(({ responseStatus }) => (responseStatus?.code ?? 0) < 300)).toBe(true);
    expect(await reconciles()).toBeLessThanOrEqual(8);
  });

  it('a cancelled session costs one write more and one exec, and no other GET', async () => {
    const { length: askedBefore } = await operators();
    await stage.createSession('cancelled', { target: { podName: 'web' }, command: ['sleep', '600'], ttl: '10m' });
    await stage.untilPhase('cancelled', 'Running');
    await stage.changeSession('cancelled', { cancel: true });
    const isOver = (s: DebugSession): boolean => s.status?.phase === 'Cancelled' && s.metadata.finalizers === undefined;
    await stage.untilSession('cancelled', isOver);
    await stage.until('three events', async () => (await stage.events('DebugSession', 'cancelled')).length >= 3);
    const isEvent = ({ objectRef }: AuditEvent): boolean => objectRef?.resource === 'events';
    const isExec = ({ objectRef }: AuditEvent): boolean => objectRef?.subresource === 'exec';
    const asked = async (): Promise<AuditEvent[]> => (await operators()).slice(askedBefore);
    await stage.until('the books are closed', async () => {
      const all = await asked();
      return all.filter(isEvent).length >= 3 && all.some(isExec);
    });
    const all = await asked();
    const writes = all.filter((request) => isWrite(request) && !isEvent(request) && !isExec(request));
    expect(writes.map(parts)).toEqual([
      ['patch', 'debugsessions'],
      ...besideEachOther(writes.slice(1, 3)),
      ['patch', 'ephemeralcontainers'],
      ['update', 'status'],
      // That it is being ended, and by which way: before it is asked for.
      ['update', 'status'],
      ['update', 'status'],
      ['patch', 'debugsessions'],
    ]);
    expect(all.filter(isExec)).toHaveLength(1);
    expect(all.filter((request) => request.verb === 'get' && !isExec(request))).toEqual([]);
    expect(all.filter(isEvent)).toHaveLength(3);
  });

  it('an unchanged running session costs no request for 20 s', async () => {
    await stage.createSession('idle', { target: { podName: 'web' }, command: ['sleep', '600'], ttl: '5m' });
    await stage.untilPhase('idle', 'Running');
    const created = async (): Promise<number> =>
      (await operators()).filter(({ verb, objectRef }) => verb === 'create' && objectRef?.resource === 'events').length;
    const before = await created();
    await stage.until('it is told', async () => (await stage.events('DebugSession', 'idle')).length >= 2);
    await stage.until('the books are closed', async () => (await created()) >= Math.max(before, 8));
    const { length: askedBefore } = await operators();
    await delay(20_000);
    // An end of a watch is in the books when it ends.
    const asked = (await operators()).slice(askedBefore).filter(({ verb }) => verb !== 'watch');
    expect(asked).toEqual([]);
  });

  it('the operator reads a missing workload at most once a second for 40 sessions that wait for it', async () => {
    const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'late' } as const;
    const looks = async (): Promise<number[]> =>
      (await operators())
        .filter(({ objectRef }) => objectRef?.resource === 'deployments' && objectRef.name === 'late')
        .map(({ requestReceivedTimestamp }) => Date.parse(requestReceivedTimestamp));
    const names = Array.from({ length: 40 }, (_, n) => `waits-${n}`);
    for (const name of names) await stage.createSession(name, { target: { workloadRef }, command: ['true'] });
    const waiting = async (): Promise<number> =>
      (await stage.client.list<{ items: DebugSession[] }>(sessionsPath(stage.namespace))).items.filter(
        ({ spec, status }) => spec.target.workloadRef !== undefined && status?.phase === 'Pending',
      ).length;
    await stage.until('all of them wait', async () => (await waiting()) === names.length);
    const from = (await looks()).length;
    await stage.until('five more looks', async () => (await looks()).length >= from + 5);
    const times = await looks();
    // While they come, one a second at most; then one in 3 s. On a busy machine one look may reach the API server late,
    // and the next comes sooner after it.
    expect(meanPause(times.slice(0, from + 1))).toBeGreaterThan(900);
    expect(meanPause(times.slice(from))).toBeGreaterThan(2_700);
    await stage.createSession('newcomer', { target: { workloadRef }, command: ['true'] });
    await stage.untilPhase('newcomer', 'Pending');
    await stage.client.delete(
      `${sessionsPath(stage.namespace)}?fieldSelector=${encodeURIComponent('metadata.name!=newcomer')}`,
    );
    await stage.client.create(`/apis/apps/v1/namespaces/${stage.namespace}/deployments`, {
      metadata: { name: 'late' },
      spec: {
        selector: { matchLabels: { app: 'late' } },
        template: { metadata: { labels: { app: 'late' } }, spec: appPod() },
      },
    });
    await stage.untilPhase('newcomer', 'Completed');
  });
});

/** In ms. */
function meanPause(times: readonly number[]): number {
  return ((times.at(-1) ?? 0) - (times[0] ?? 0)) / (times.length - 1);
}
