import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DebugSessionSpec, Run } from '../../src/api/debugsession.ts';
import { busyboxImage, distrolessImage } from '../cluster/image-names.ts';
import { appPod, isReady, shellPod } from '../support/builders/pods.ts';
import { refusedAtRequest } from '../support/cluster/refused-at-request.ts';
import { tellToEnd, UNTIL_TOLD } from '../support/cluster/until-told.ts';
import { Stage } from '../support/cluster/stage.ts';
import { patient } from '../support/patience.ts';

// The API server has taken the container, and the kubelet cannot run it.

let stage: Stage;

const nonRoot = { securityContext: { runAsNonRoot: true, runAsUser: 1000 } };

/**
 * Each in a pod of its own: where one container cannot be started, the kubelet's next look at the others of the pod is
 * up to 15 s away.
 */
const SESSIONS: Record<string, { pod?: object; spec: Partial<DebugSessionSpec> }> = {
  never: { spec: { image: 'localhost/nobody/has:that', imagePullPolicy: 'Never', startTimeout: '25s' } },
  'as-root': { pod: nonRoot, spec: { securityContext: { runAsUser: 0 } } },
  bare: { spec: { supervisor: 'None', command: ['/no/such/program'] } },
  supervised: { spec: { command: ['no-such-program'] } },
  'shell-less': { spec: { image: distrolessImage, command: ['sh'] } },
};

beforeAll(async () => {
  stage = await Stage.open('kubelet');
  const debug = async (name: string, { pod, spec }: { pod?: object; spec: Partial<DebugSessionSpec> }) => {
    await stage.runningPod(name, appPod(pod));
    await stage.createSession(name, { target: { podName: name }, command: ['true'], ...spec });
  };
  const all = Object.entries(SESSIONS).map(([name, { pod, spec }]) => debug(name, { spec, ...(pod && { pod }) }));
  await Promise.all([...all, stage.runningPod('short-lived', MORTAL)]);
});

afterAll(() => stage.close());

const MORTAL = shellPod(`${UNTIL_TOLD}; exit 1`);

async function failed(name: string): Promise<Run> {
  const session = await stage.untilPhase(name, 'Failed');
  return session.status?.runs?.[0] as Run;
}

/** Seconds between the intent and the failure, on one clock: the operator's. */
function seconds({ intendedAt = '', finishedAt = '' }: Run): number {
  return (Date.parse(finishedAt) - Date.parse(intendedAt)) / 1000;
}

describe('missing images', () => {
  it('the run fails at startTimeout in the words of the kubelet when a missing image must not be pulled', async () => {
    const run = await failed('never');
    expect(run.reason).toBe('ImagePullFailed');
    expect(run.message).toMatch(/^The container did not run within 25s: .*pull policy of Never/);
    expect(seconds(run)).toBeGreaterThanOrEqual(25);
  });

  it('the API server refuses a session whose image has an invalid name', async () => {
    const refused = await refusedAtRequest(stage, { image: 'localhost/UPPER/Case:1' });
    expect(refused).toMatch(/image localhost\/UPPER\/Case:1 is not understood/);
  });
});

it('the run fails at once when its image runs as root and the pod forbids root', async () => {
  const run = await failed('as-root');
  expect(run.reason).toBe('ContainerConfigError');
  expect(run.message).toMatch(
    /^container's runAsUser breaks non-root policy.*; name a user other than 0 in securityContext.runAsUser$/,
  );
  expect(seconds(run)).toBeLessThan(patient(45));
});

describe('missing commands', () => {
  it('the run fails in the words of the runtime when its command is missing and it has no supervisor', async () => {
    const run = await failed('bare');
    expect(run.reason).toBe('CommandNotFound');
    expect(run.message).toMatch(/no such file or directory/);
    expect(run.message).not.toMatch(/supervisor/);
  });

  it('the run says that its command is missing when the supervisor cannot find the command', async () => {
    expect(await failed('supervised')).toMatchObject({
      reason: 'CommandNotFound',
      exitCode: 127,
      message: 'The command was not run: no-such-program is no program that the image has in its PATH',
    });
  });

  it('the run advises another image when the supervisor finds no sh', async () => {
    const run = await failed('shell-less');
    expect(run.reason).toBe('CommandNotFound');
    expect(run.message).toMatch(/the image seems to have no sh, so use an image with a shell, or supervisor: None$/);
  });

  it('the operator has nothing to stop after a missing command, and the application runs on', async () => {
    for (const name of ['bare', 'supervised', 'shell-less']) {
      await failed(name);
      const session = await stage.session(name);
      expect(session.status?.conditions).toContainEqual(
        expect.objectContaining({ type: 'StopConfirmed', status: 'True', reason: 'Terminated' }),
      );
      const pod = await stage.untilPod(name, isReady);
      expect(pod.status?.containerStatuses).toMatchObject([{ name: 'app', restartCount: 0, ready: true }]);
    }
  });
});

it('the debug container ends when the target container whose processes it joined ends', async () => {
  const target = { podName: 'short-lived', containerName: 'app' };
  await stage.createSession('joined', { target, image: busyboxImage, command: ['sleep', '600'], ttl: '5m' });
  await stage.untilPhase('joined', 'Running');
  await tellToEnd(stage, 'short-lived');
  const session = await stage.untilPhase('joined', 'Completed');
  expect(session.status?.runs).toMatchObject([{ state: 'Ended', exitCode: 137, endedBy: 'Kubelet' }]);
  expect(session.status?.runs?.[0]?.message).toMatch(
    /^It was killed when container app, whose process namespace it shared, ended/,
  );
});
