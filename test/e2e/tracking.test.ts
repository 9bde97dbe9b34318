import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Condition, DebugSession } from '../../src/api/debugsession.ts';
import { appPod, brokenPod, isBackingOff, shellPod } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';
import { tellToEnd, UNTIL_TOLD } from '../support/cluster/until-told.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('tracking');
  await Promise.all([
    stage.runningPod('web', appPod()),
    stage.createPod('broken', brokenPod()),
    stage.createPod('crashing', shellPod('exit 3')),
  ]);
});

afterAll(() => stage.close());

function hasCondition({ status }: DebugSession, wanted: Partial<Condition>): boolean {
  const entries = Object.entries(wanted);
  return (status?.conditions ?? []).some((c) => entries.every(([key, value]) => c[key as keyof Condition] === value));
}

const target = { podName: 'web' };

describe('the record of a run', () => {
  it('the record says that a container of the pod was down before the injection', async () => {
    await stage.untilPod('broken', isBackingOff);
    await stage.createSession('looks', { target: { podName: 'broken' }, command: ['true'] });
    const before = (await stage.untilPhase('looks', 'Completed')).status?.runs?.[0]?.before;
    expect(before).toMatchObject({
      phase: expect.stringMatching(/^(Pending|Running)$/),
      ready: false,
      containerName: 'app',
      state: 'waiting',
      reason: expect.stringMatching(/^(CrashLoopBackOff|RunContainerError)$/),
      lastTermination: { exitCode: 128, reason: 'StartError', finishedAt: expect.stringMatching(/Z$/) },
    });
  });

  it('the record says how a container had ended earlier, also when the container runs at the injection', async () => {
    await stage.untilPod('crashing', ({ status }) => (status?.containerStatuses?.[0]?.restartCount ?? 0) > 0);
    await stage.createSession('remembers', { target: { podName: 'crashing' }, command: ['true'] });
    const before = (await stage.untilPhase('remembers', 'Completed')).status?.runs?.[0]?.before;
    expect(before?.lastTermination).toMatchObject({ exitCode: 3, reason: 'Error' });
    expect(before?.restartCount).toBeGreaterThan(0);
  });

  it('the record has exit code, digest and times as the kubelet gives them', async () => {
    await stage.createSession('exits', { target, command: ['sh', '-c', 'sleep 1; exit 42'] });
    const over = await stage.untilPhase('exits', 'Completed');
    const [run] = over.status?.runs ?? [];
    const [container] = (await stage.pod('web')).status?.ephemeralContainerStatuses ?? [];
    expect(run).toMatchObject({
      exitCode: 42,
      endedBy: 'Command',
      reason: 'Exited',
      imageID: container?.imageID,
      startedAt: container?.state?.terminated?.startedAt,
      finishedAt: container?.state?.terminated?.finishedAt,
      nodeName: (await stage.pod('web')).spec?.nodeName,
    });
    expect(container?.imageID).toMatch(/sha256:[0-9a-f]{64}/);
    const times = [run?.intendedAt, run?.injectedAt, run?.startedAt, run?.finishedAt].map((t) => Date.parse(t ?? ''));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(over.status).toMatchObject({ exitCode: 42, completedAt: run?.finishedAt, startedAt: run?.startedAt });
  });

  it('the record says that a command killed itself, and does not claim that the operator ended the command', async () => {
    // The kubelet makes one $ of two.
    await stage.createSession('killed', { target, command: ['sh', '-c', 'kill -KILL $$$$'] });
    const over = await stage.untilPhase('killed', 'Completed');
    expect(over.status?.runs).toMatchObject([{ exitCode: 137, endedBy: 'Command', reason: 'Exited' }]);
  });
});

describe('a container without a supervisor', () => {
  it('the status says from the start that only the operator ends a container without a supervisor, and records its end', async () => {
    const command = ['sh', '-c', UNTIL_TOLD];
    await stage.createSession('unguarded', { target, supervisor: 'None', command, ttl: '5s' });
    const running = await stage.untilPhase('unguarded', 'Running');
    const says = running.status?.conditions?.find((condition) => condition.type === 'Running')?.message;
    expect(says).toMatch(/has no supervisor: the operator ends it at \d{4}-/);
    expect(running.status?.runs?.[0]?.lastMoment).toBeUndefined();

    // Process 1 of a namespace of its own, without handlers: no signal from inside reaches it.
    const ending = await stage.untilSession('unguarded', (s) =>
      hasCondition(s, { type: 'StopConfirmed', reason: 'ProcessSurvived' }),
    );
    expect(ending.status?.phase).toBe('Ending');
    expect(ending.status?.conditions).toContainEqual(
      expect.objectContaining({
        type: 'StopConfirmed',
        status: 'False',
        message: expect.stringMatching(/has to end and still runs .*; end its command, or delete the pod$/),
      }),
    );
    await tellToEnd(stage, 'web', ending.status?.debugContainerName);
    const over = await stage.untilPhase('unguarded', 'Completed');
    expect(over.status?.runs).toMatchObject([{ exitCode: 0, endedBy: 'Command', reason: 'Exited' }]);
    expect(over.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'StopConfirmed', status: 'True', reason: 'Terminated' }),
    );
    await stage.until('the story is told', async () => (await stage.events('DebugSession', 'unguarded')).length >= 4);
    const story = await stage.events('DebugSession', 'unguarded');
    expect(story.map((event) => event.reason)).toEqual(['Injected', 'Started', 'StopUnconfirmed', 'Ended']);
    expect(story[0]?.note).toMatch(/without a supervisor: only the operator ends it$/);
  });
});

describe('scripts and GitOps tools', () => {
  it('kubectl waits for the condition Complete', async () => {
    await stage.createSession('waited', { target, command: ['sleep', '2'] });
    const waited = await stage.kubectl(['wait', '--for=condition=Complete', 'dbg/waited', '--timeout=300s']);
    expect(waited).toMatchObject({ code: 0, stdout: expect.stringMatching(/condition met/) });
    expect((await stage.session('waited')).status).toMatchObject({ phase: 'Completed', exitCode: 0 });
  });

  it('kubectl waits for the condition StopConfirmed, also when the run has failed', async () => {
    await stage.createSession('fails', { target: { podName: 'web', containerName: 'ap' }, command: ['true'] });
    const waited = await stage.kubectl(['wait', '--for=condition=StopConfirmed', 'dbg/fails', '--timeout=300s']);
    expect(waited.code).toBe(0);
    const failed = await stage.kubectl(['wait', '--for=condition=Failed', 'dbg/fails', '--timeout=1s']);
    expect(failed.code).toBe(0);
  });

  it('a new session has observedGeneration -1, so tools do not take it for settled', async () => {
    const created = await stage.createSession('fresh', { target, command: ['true'] });
    expect(created.status).toEqual({ observedGeneration: -1 });
    expect((await stage.untilPhase('fresh', 'Completed')).status?.observedGeneration).toBe(created.metadata.generation);
  });
});
