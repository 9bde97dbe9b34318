import { describe, expect, it } from '@jest/globals';
import type { ContainerStatus } from '../../../../src/api/pod.ts';
import { podBefore } from '../../../../src/session/start/pod-before.ts';
import { aPod, aStatus } from '../../../support/builders/builders.ts';

/** What is recorded of a pod with these containers, of a session that names none. */
function before(init: ContainerStatus[], own: ContainerStatus[]): ReturnType<typeof podBefore> {
  const pod = aPod(({ status }) => Object.assign(status, { initContainerStatuses: init, containerStatuses: own }));
  return podBefore(pod, undefined);
}

const INITIALIZING = aStatus('app', { waiting: { reason: 'PodInitializing' } });
const READY = aStatus('app', { running: {} });
const CRASH = { restartCount: 3, lastState: { terminated: { exitCode: 7, reason: 'Error' } } };

describe('the pod before the injection', () => {
  it('podBefore names the init container that crashes, and not the application that waits for it', () => {
    const setup = aStatus('setup', { waiting: { reason: 'CrashLoopBackOff' } }, CRASH);
    expect(before([setup, aStatus('next', { waiting: { reason: 'PodInitializing' } })], [INITIALIZING])).toMatchObject({
      ...{ containerName: 'setup', restartCount: 3, state: 'waiting', reason: 'CrashLoopBackOff' },
      lastTermination: { exitCode: 7 },
    });
  });

  it('podBefore names the init container that runs and does not end', () => {
    const setup = aStatus('setup', { running: {} }, { ready: false });
    expect(before([setup], [INITIALIZING])).toMatchObject({ containerName: 'setup', state: 'running' });
  });

  it('podBefore names the sidecar that crashes beside a healthy application', () => {
    const mesh = aStatus('mesh', { waiting: { reason: 'CrashLoopBackOff' } }, CRASH);
    expect(before([mesh], [READY])).toMatchObject({ containerName: 'mesh', restartCount: 3 });
  });

  it('podBefore names the application where init containers are done and sidecars run', () => {
    const done = aStatus('setup', { terminated: { exitCode: 0, reason: 'Completed' } }, { ready: true });
    const mesh = aStatus('mesh', { running: {} });
    expect(before([done, mesh], [READY])).toMatchObject({ containerName: 'app', state: 'running' });
  });
});
