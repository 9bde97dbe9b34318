import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as delay } from 'node:timers/promises';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { TERMINAL_PHASES } from '../../src/api/reasons.ts';
import { AuditLog, type AuditEvent } from '../support/cluster/audit-log.ts';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import { toldOf } from '../support/cluster/ending.ts';
import { Stage } from '../support/cluster/stage.ts';

// Never two containers for one run: with several sessions, with two operators, and however often the operator dies.

const isOver = ({ status, metadata }: DebugSession): boolean =>
  TERMINAL_PHASES.includes(status?.phase ?? 'Pending') && metadata.finalizers === undefined;

/** Sessions whose commands end with 0, 1, 2 ... */
function createAll(stage: Stage, names: string[], podName: string): Promise<DebugSession[]> {
  return Promise.all(
    names.map((name, index) =>
      stage.createSession(name, { target: { podName }, command: ['sh', '-c', `exit ${index}`] }),
    ),
  );
}

async function untilAllOver(stage: Stage, names: string[]): Promise<DebugSession[]> {
  return Promise.all(names.map((name) => stage.untilSession(name, isOver)));
}

/**
 * Every session has ended with the code of its own command, and the pod has got one container for each and no other.
 */
async function expectOneContainerEach(stage: Stage, podName: string, sessions: DebugSession[]): Promise<void> {
  expect(sessions.map((s) => [s.status?.phase, s.status?.exitCode])).toEqual(
    sessions.map((_, index) => ['Completed', index]),
  );
  const containers = sessions.map((session) => session.status?.runs?.map((run) => run.debugContainerName)).flat();
  expect(new Set(containers).size).toBe(sessions.length);
  expect(ephemeralNames(await stage.pod(podName)).sort()).toEqual(containers.sort());
}

const names = (count: number, prefix: string): string[] => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

describe('five sessions on one pod at once', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open('five');
    await stage.runningPod('web', appPod());
  });
  afterAll(() => stage.close());

  it('five sessions on one pod each get a container and end with their own exit code', async () => {
    const five = names(5, 'session');
    await createAll(stage, five, 'web');
    await expectOneContainerEach(stage, 'web', await untilAllOver(stage, five));
  });
});

describe('two operators at once', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await Stage.open('two-operators');
    await Promise.all([stage.runningPod('web', appPod()), stage.startOperator()]);
  });
  afterAll(() => stage.close());

  it('two operators at once inject one container a session, keep its status true and report each event once', async () => {
    const ten = names(10, 'session');
    const over = untilAllOver(stage, ten);
    await createAll(stage, ten, 'web');
    await expectOneContainerEach(stage, 'web', await over);
    const both = stage.operators.map(({ lines }) => lines.filter((line) => line.msg === 'status written').length);
    expect(Math.min(...both)).toBeGreaterThan(0);
    for (const name of ten) {
      const told = await toldOf(stage, name);
      expect(told).toEqual([...new Set(told)]);
    }
  });
});

/**
 * When the operator is killed after a session was created, in ms: around each of its writes, and while the container
 * runs.
 */
const MOMENTS = [0, 100, 8, 300, 16, 64, 4, 1000, 24, 48, 12, 32];

describe('an operator that is killed again and again', () => {
  let stage: Stage;
  let audit: AuditLog | undefined;
  beforeAll(async () => {
    stage = await Stage.open('killed', { operator: false });
    if (stage.cluster.node !== undefined) audit = await AuditLog.from(stage.cluster.node.auditLog);
    await stage.runningPod('web', appPod());
  });
  afterAll(() => stage.close());

  it('an operator that is killed again and again ends each session with one container, injected after its intent', async () => {
    const all: string[] = [];
    for (const [index, moment] of MOMENTS.entries()) {
      const operator = await stage.startOperator();
      const name = `session-${index}`;
      all.push(name);
      await stage.createSession(name, { target: { podName: 'web' }, command: ['sh', '-c', `exit ${index}`] });
      await delay(moment);
      await operator.kill();
    }
    await stage.startOperator();
    const sessions = await untilAllOver(stage, all);
    await expectOneContainerEach(stage, 'web', sessions);
    if (audit === undefined) return;
    const requests = await audit.requests(stage.namespace);
    for (const session of sessions) expectIntentFirst(session, requests);
  });
});

/**
 * The write of the intent was asked for before any injection. (The API server notes an answer after it has gone out, so
 * its time is no measure.) The answer may have been lost with the operator: the API server then notes 504, although
 * both may have had their effect; what it refused (409) had none.
 */
function expectIntentFirst(session: DebugSession, requests: AuditEvent[]): void {
  const container = session.status?.debugContainerName ?? '';
  const about = (subresource: string): AuditEvent[] =>
    requests.filter(
      ({ objectRef, requestObject, responseStatus }) =>
        objectRef?.subresource === subresource &&
        responseStatus?.code !== 409 &&
        JSON.stringify(requestObject ?? {}).includes(`"${container}"`),
    );
  const injections = about('ephemeralcontainers');
  const intent = about('status')[0];
  expect(injections.length).toBeGreaterThan(0);
  expect(intent?.objectRef?.name).toBe(session.metadata.name);
  expect((intent?.requestObject as DebugSession).status?.phase).toBe('Starting');
  const late = injections.filter(
    (request) => request.requestReceivedTimestamp < (intent?.requestReceivedTimestamp ?? ''),
  );
  expect(late).toEqual([]);
}
