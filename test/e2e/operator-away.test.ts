import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { DebugSession, DebugSessionSpec } from '../../src/api/debugsession.ts';
import type { ContainerStatus } from '../../src/api/pod.ts';
import { AuditLog, type AuditEvent } from '../support/cluster/audit-log.ts';
import type { OperatorProcess } from '../support/cluster/operator-process.ts';
import { appPod, containerID } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';
import { patient } from '../support/patience.ts';

// What a session promises is kept by its supervisor and its record, not by a process that happens to be there.

const target = { podName: 'web' };
/** Ends by KILL only, two seconds after it was asked. */
const STUBBORN = ['sh', '-c', 'trap "" HUP TERM INT; while :; do sleep 1; done'];
const stages: Stage[] = [];
const opened = new Map<string, Promise<Stage>>();
const NAMES = ['deadline', 'delete', 'long', 'written', 'asked', 'ended'] as const;

/** Each has an operator of its own to end. */
const stageOf = (name: (typeof NAMES)[number]): Promise<Stage> => opened.get(name) ?? Promise.reject(new Error(name));

const onNode = process.env['CLUSTER'] === 'current' ? it.concurrent.skip : it.concurrent;

beforeAll(async () => {
  for (const name of NAMES) opened.set(name, open(name));
  await Promise.all(opened.values());
});

afterAll(() => Promise.all(stages.map((stage) => stage.close())));

async function open(name: string): Promise<Stage> {
  const stage = await Stage.open(`away-${name}`);
  stages.push(stage);
  await stage.runningPod('web', appPod());
  return stage;
}

const operatorOf = (stage: Stage): OperatorProcess => {
  const operator = stage.operators.at(-1);
  if (operator === undefined) throw new Error('there is no operator');
  return operator;
};

async function running(stage: Stage, spec: Partial<DebugSessionSpec> = {}): Promise<DebugSession> {
  await stage.createSession('session', { target, command: ['sleep', '600'], ...spec });
  return stage.untilPhase('session', 'Running');
}

async function container(stage: Stage): Promise<ContainerStatus | undefined> {
  return (await stage.pod('web')).status?.ephemeralContainerStatuses?.[0];
}

async function untilTerminated(stage: Stage): Promise<ContainerStatus | undefined> {
  await stage.untilPod('web', ({ status }) => status?.ephemeralContainerStatuses?.[0]?.state?.terminated !== undefined);
  return container(stage);
}

/** By containerd's word, where it can be asked. */
async function runsOnNode(stage: Stage): Promise<boolean> {
  const status = await container(stage);
  const all = await stage.cluster.node?.runningContainers();
  return all?.has(containerID(status)) ?? status?.state?.running !== undefined;
}

const isConfirmed = ({ status }: DebugSession): boolean =>
  status?.conditions?.some((c) => c.type === 'StopConfirmed' && c.status === 'True') === true;

it.concurrent(
  'the supervisor ends the container at its deadline while the operator is down, and the operator records the end later',
  async () => {
    const stage = await stageOf('deadline');
    const session = await running(stage, { ttl: '5s' });
    await operatorOf(stage).kill();
    const ended = (await untilTerminated(stage))?.state?.terminated;
    expect(await runsOnNode(stage)).toBe(false);
    const late = Date.parse(ended?.finishedAt ?? '') - Date.parse(session.status?.expiresAt ?? '');
    expect(late).toBeLessThan(patient(5_000));
    expect((await stage.session('session')).status).toEqual(session.status);
    await stage.startOperator();
    const over = await stage.untilPhase('session', 'Expired');
    expect(over.status?.runs).toMatchObject([{ endedBy: 'Supervisor', finishedAt: ended?.finishedAt }]);
    expect(isConfirmed(over)).toBe(true);
  },
);

it.concurrent.each([
  [
    'delete',
    'a session that is deleted while the operator is down stays until the operator has ended its container',
    0,
  ],
  ['long', 'a deleted session stays also when the operator is down for 32 s', 32_000],
] as const)('stage %s shows that %s', async (name, _what, awayMs) => {
  const stage = await stageOf(name);
  const { status } = await running(stage);
  await operatorOf(stage).kill();
  await stage.deleteSession('session');
  await delay(awayMs);
  expect(await runsOnNode(stage)).toBe(true);
  expect((await stage.session('session')).status).toEqual(status);
  const [last] = await Promise.all([stage.untilPhase('session', 'Cancelled'), stage.startOperator()]);
  expect(last.status?.runs).toMatchObject([{ endedBy: 'Exec', stop: { cause: 'Deleted' } }]);
  expect(await runsOnNode(stage)).toBe(false);
  await stage.untilSessionGone('session');
});

it.concurrent(
  'the next operator stops a container when the last operator was killed after it wrote its plan to stop it',
  async () => {
    const stage = await stageOf('written');
    await running(stage);
    const wrote = stage.untilSession('session', ({ status }) => status?.runs?.[0]?.stop !== undefined);
    await stage.changeSession('session', { cancel: true });
    await wrote;
    await operatorOf(stage).kill();
    await stage.startOperator();
    await expectStoppedByExec(stage);
  },
);

onNode(
  'the next operator records the end, or asks again, when the last operator was killed after its exec',
  async () => {
    const stage = await stageOf('asked');
    await running(stage);
    await askedToStop(stage);
    await operatorOf(stage).kill();
    await stage.startOperator();
    await expectStoppedByExec(stage);
  },
);

onNode(
  'the next operator records the cause of an end when the last operator was killed before it could write',
  async () => {
    const stage = await stageOf('ended');
    await running(stage, { command: STUBBORN });
    await askedToStop(stage);
    const operator = operatorOf(stage);
    try {
      // It holds still before the container has ended, so it cannot have written anything of that when it dies.
      process.kill(operator.pid, 'SIGSTOP');
      await untilTerminated(stage);
      expect((await stage.session('session')).status).toMatchObject({ phase: 'Ending', runs: [{ state: 'Running' }] });
    } finally {
      await operator.kill();
    }
    await stage.startOperator();
    const asked = (await execs(stage)).length;
    await expectStoppedByExec(stage);
    expect((await execs(stage)).length).toBe(asked);
  },
);

async function expectStoppedByExec(stage: Stage): Promise<void> {
  const over = await stage.untilPhase('session', 'Cancelled');
  expect(over.status?.runs).toMatchObject([
    { endedBy: 'Exec', reason: 'Cancelled', stop: { cause: 'Cancelled', routes: ['Exec'] } },
  ]);
  expect(isConfirmed(over)).toBe(true);
  expect(await runsOnNode(stage)).toBe(false);
  expect((await stage.pod('web')).status?.containerStatuses).toMatchObject([{ ready: true, restartCount: 0 }]);
}

const audits = new Map<Stage, AuditLog>();

/** Cancels, and waits until the API server has let the operator in. */
async function askedToStop(stage: Stage): Promise<void> {
  audits.set(stage, await AuditLog.from(stage.cluster.node?.auditLog ?? ''));
  await stage.changeSession('session', { cancel: true });
  await stage.until('it is asked', async () => (await execs(stage)).length > 0);
}

async function execs(stage: Stage): Promise<AuditEvent[]> {
  const begun = (await audits.get(stage)?.begun(stage.namespace)) ?? [];
  return begun.filter(({ objectRef }) => objectRef?.subresource === 'exec');
}
