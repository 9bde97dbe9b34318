import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DebugSession, DebugSessionSpec } from '../../src/api/debugsession.ts';
import { bashImage, distrolessImage } from '../cluster/image-names.ts';
import { Terminal } from '../support/cluster/attach.ts';
import { AuditLog, isWrite, type AuditEvent } from '../support/cluster/audit-log.ts';
import { confirmation, containerState, nameOf, toldOf } from '../support/cluster/ending.ts';
import { appPod } from '../support/builders/pods.ts';
import { startReduced } from '../support/cluster/reduced-operator.ts';
import { Stage } from '../support/cluster/stage.ts';
import { msOf, patient } from '../support/patience.ts';

// What is left where the cluster does not let the operator exec (config/components/without-exec, without-attach).

const UNGUARDED = { supervisor: 'None' } as const;

async function running(stage: Stage, name: string, spec: Partial<DebugSessionSpec>): Promise<DebugSession> {
  await stage.createSession(name, { target: { podName: 'web' }, ttl: '10m', ...spec });
  return stage.untilPhase(name, 'Running');
}

describe('an operator without exec, attach and evict', () => {
  let stage: Stage;
  let audit: AuditLog;
  const command = ['sleep', '600'];

  beforeAll(async () => {
    stage = await Stage.open('no-route', { operator: false });
    await Promise.all([stage.runningPod('web', appPod()), stage.runningPod('left', appPod())]);
    audit = await AuditLog.from(stage.cluster.node?.auditLog ?? '/dev/null');
    await startReduced(stage, { without: ['pods/eviction'] });
    await running(stage, 'deleted', { target: { podName: 'left' }, command, ttl: '40s' });
    await stage.deleteSession('deleted');
  });
  afterAll(() => stage.close());

  const asked = async (name: string): Promise<AuditEvent[]> => {
    const found = await audit.requests(stage.namespace);
    return found.filter(({ user, objectRef }) => user.username.endsWith(':default') && objectRef?.name === name);
  };

  it('the operator says NoRoute at once, in two writes and one event, and tries again without a write', async () => {
    const live = await running(stage, 'cancelled', { command });
    const pod = live.status?.podName ?? '';
    const before = (await asked('cancelled')).filter(isWrite).length;
    await stage.changeSession('cancelled', { cancel: true });
    const told = stage.untilSession('cancelled', (s) => confirmation(s)?.reason === 'NoRoute');
    expect(await msOf(told)).toBeLessThan(patient(5_000));
    const stays = await told;
    expect(stays.status?.phase).toBe('Ending');
    expect(stays.status?.runs).toMatchObject([{ stop: { cause: 'Cancelled', routes: ['Exec'] } }]);
    expect(confirmation(stays)?.message).toMatch(/the operator may not: it needs get and create on pods\/exec/);
    const tries = async (): Promise<number> =>
      (await asked(pod)).filter(({ objectRef }) => objectRef?.subresource === 'exec').length;
    if (stage.cluster.node !== undefined) await stage.until('it has tried again', async () => (await tries()) >= 2);
    const after = await stage.session('cancelled');
    expect(after.metadata.resourceVersion).toBe(stays.metadata.resourceVersion);
    expect(await containerState(stage, after)).toMatchObject({ running: {} });
    if (stage.cluster.node !== undefined) expect((await asked('cancelled')).filter(isWrite)).toHaveLength(before + 2);
    expect((await toldOf(stage, 'cancelled')).filter((reason) => reason === 'StopUnconfirmed')).toHaveLength(1);
  });

  it('the operator names the missing right of each way, also of the eviction', async () => {
    await running(stage, 'evicted', { command, ifUnstoppable: 'EvictPod' });
    await stage.changeSession('evicted', { cancel: true });
    const stays = await stage.untilSession('evicted', (s) => confirmation(s)?.reason === 'NoRoute');
    expect(stays.status?.runs).toMatchObject([{ stop: { routes: ['Exec', 'Eviction'] } }]);
    expect(confirmation(stays)?.message).toMatch(/exec: .*pods\/exec; eviction: .*create on pods\/eviction/);
    await stage.createSession('retired', { target: { podName: 'web' }, command: ['true'], podAfterSession: 'Evict' });
    const over = await stage.untilSession('retired', (s) =>
      (s.status?.conditions ?? []).some(({ reason }) => reason === 'EvictionFailed'),
    );
    expect(over.status?.phase).toBe('Completed');
    expect(over.status?.conditions).toContainEqual(
      expect.objectContaining({
        ...{ type: 'PodRetired', status: 'False' },
        message: expect.stringMatching(/create on pods\/eviction/),
      }),
    );
  });

  it('the operator refuses a changed ttl once, and the old deadline stays in force', async () => {
    const live = await running(stage, 'timed', { command, ttl: '8s' });
    await stage.changeSession('timed', { ttl: '1h' });
    const noted = await stage.untilSession('timed', (s) => s.status?.observedGeneration === s.metadata.generation);
    expect(noted.status?.expiresAt).toBe(live.status?.expiresAt);
    const over = await stage.untilPhase('timed', 'Expired');
    expect(over.status?.runs).toMatchObject([{ endedBy: 'Supervisor', effective: { ttl: '8s' }, wantedTtl: '1h' }]);
    const late = Date.parse(over.status?.completedAt ?? '') - Date.parse(live.status?.expiresAt ?? '');
    expect(late).toBeLessThanOrEqual(patient(6_000));
    const told = (await stage.events('DebugSession', 'timed')).filter(({ reason }) => reason.startsWith('Ttl'));
    expect(told).toMatchObject([{ reason: 'TtlChangeRefused', type: 'Warning' }]);
    expect(told[0]?.note).toMatch(
      new RegExp(
        `^Refused ttl 1h for the running container \\(the operator may not: .*\\); it keeps 8s and ends at ${live.status?.expiresAt}$`,
      ),
    );
    await stage.changeSession('timed', { attempt: 2, command: ['true'] });
    const again = await stage.untilPhase('timed', 'Completed');
    expect(again.status?.runs?.map((run) => run.effective?.ttl)).toEqual(['8s', '1h']);
  });

  it('a deleted session stays while its container runs, and goes when the container has ended', async () => {
    const stays = await stage.untilSession('deleted', (s) => s.status?.runs?.[0]?.stop?.unconfirmed !== undefined);
    expect(await containerState(stage, stays)).toMatchObject({ running: {} });
    expect(stays.status?.conditions?.find(({ type }) => type === 'DeletionWaiting')).toMatchObject({
      reason: 'ContainerRuns',
    });
    // Its supervisor keeps the deadline.
    await stage.untilSessionGone('deleted');
    expect(await containerState(stage, stays)).toMatchObject({ terminated: {} });
  });
});

describe('an operator with attach and without exec', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open('attach-only', { operator: false });
    await stage.runningPod('web', appPod());
    await startReduced(stage, { also: ['attach'] });
  });
  afterAll(() => stage.close());

  const terminal = { stdin: true, tty: true };

  it.each<[string, Partial<DebugSessionSpec>]>([
    ['the default shell', {}],
    ['busybox sh', { ...UNGUARDED, ...terminal, command: ['sh'] }],
    ['bash', { ...UNGUARDED, ...terminal, image: bashImage, command: ['bash'] }],
    [
      'a program without a shell, on a terminal',
      { ...UNGUARDED, image: distrolessImage, env: [{ name: 'LISTEN', value: ':0' }] },
    ],
    ['a shell that reads a plain stdin', { stdin: true, command: ['sh'] }],
    ['a shell that reads a plain stdin as process 1', { ...UNGUARDED, stdin: true, command: ['sh'] }],
  ])('the operator ends by attach %s', async (words, spec) => {
    const name = nameOf(words);
    await running(stage, name, spec);
    await stage.changeSession(name, { cancel: true });
    const over = await stage.untilPhase(name, 'Cancelled');
    expect(over.status?.runs).toMatchObject([{ endedBy: 'Attach', stop: { routes: ['Exec', 'Attach'] } }]);
    expect(await containerState(stage, over)).toMatchObject({ terminated: {} });
    expect(confirmation(over)).toMatchObject({ status: 'True', reason: 'Terminated' });
  });

  it('the operator ends by attach a shell whose foreground runs a command', async () => {
    const live = await running(stage, 'busy', { ...UNGUARDED, ...terminal, command: ['sh'] });
    const person = await Terminal.attach(stage, live);
    await person.run('echo go; sleep 600', /go/);
    await stage.changeSession('busy', { cancel: true });
    const over = await stage.untilPhase('busy', 'Cancelled');
    expect(over.status?.runs).toMatchObject([{ endedBy: 'Attach' }]);
    await person.ended();
  });

  it('the operator has no way into a program that reads nothing, and types nothing into a container without stdin', async () => {
    await running(stage, 'deaf', { ...UNGUARDED, command: ['sleep', '600'] });
    await stage.changeSession('deaf', { cancel: true });
    const stays = await stage.untilSession('deaf', (s) => confirmation(s)?.reason === 'NoRoute');
    expect(stays.status?.runs).toMatchObject([{ stop: { routes: ['Exec'] } }]);
  });
});
