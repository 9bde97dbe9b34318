import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { podsPath, sessionsPath } from '../../src/reconcile/session-api.ts';
import { busyboxImage } from '../cluster/image-names.ts';
import { argocdHealth } from '../support/documents/argocd-health.ts';
import { confirmation } from '../support/cluster/ending.ts';
import { appPod, isReady, restrictedPod } from '../support/builders/pods.ts';
import { recordSession } from '../support/builders/recorded-session.ts';
import { Stage } from '../support/cluster/stage.ts';

// What Argo CD shows of sessions as they really are. RECORD_SESSIONS=1 keeps each as a fixture for
// test/process/argocd-health.test.ts.

let stage: Stage;
let restricted: Stage;

beforeAll(async () => {
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  [stage, restricted] = await Promise.all([
    Stage.open('health', { operator: false }),
    Stage.open('health-restricted', { labels }),
  ]);
});

afterAll(() => Promise.all([stage.close(), restricted.close()]));

function shows(name: string, session: DebugSession, status: string): void {
  recordSession(name, session);
  expect([name, argocdHealth(session).status]).toEqual([name, status]);
}

const target = { podName: 'web-7c9f', containerName: 'app' };
const patch = (name: string, spec: object): Promise<DebugSession> =>
  stage.client.patch(`${sessionsPath(stage.namespace)}/${name}`, { spec }, { type: 'merge' });

it('Argo CD shows a session as Progressing until it runs, and then as Healthy', async () => {
  shows('not-seen-yet', await stage.createSession('inspect-web', { target, ttl: '30m' }), 'Progressing');
  await stage.startOperator();
  shows('pending-pod-not-found', await stage.untilPhase('inspect-web', 'Pending'), 'Progressing');
  const seen = stage.untilSession('inspect-web', (session) => {
    if (session.status?.phase === 'Starting') shows('starting', session, 'Progressing');
    return session.status?.phase === 'Running';
  });
  await stage.runningPod('web-7c9f', appPod());
  shows('running', await seen, 'Healthy');
});

it('Argo CD shows an ended session as Healthy, whatever its exit code is', async () => {
  await stage.createSession('quick', { target, command: ['true'] });
  await stage.createSession('unlucky', { target, command: ['false'] });
  await stage.createSession('short', { target, command: ['sleep', '600'], ttl: '2s' });
  shows('completed', await stage.untilPhase('quick', 'Completed'), 'Healthy');
  shows('completed-exit-1', await stage.untilPhase('unlucky', 'Completed'), 'Healthy');
  shows('expired', await stage.untilPhase('short', 'Expired'), 'Healthy');
  await stage.runningPod('brief', appPod());
  await stage.createSession('orphan', { target: { podName: 'brief' }, command: ['sleep', '600'] });
  await stage.untilPhase('orphan', 'Running');
  await stage.deletePod('brief', 0);
  shows('completed-pod-gone', await stage.untilPhase('orphan', 'Completed'), 'Healthy');
});

it('Argo CD shows a session as Progressing while it waits, and as Degraded when its run has failed', async () => {
  const image = 'localhost/nobody/has:this';
  await stage.runningPod('pulls', appPod());
  await stage.createSession('pulls', { target: { podName: 'pulls' }, image, command: ['true'], startTimeout: '25s' });
  const waiting = (session: DebugSession): boolean =>
    session.status?.conditions?.some((condition) => condition.reason === 'ImagePullFailed') === true;
  shows('starting-image-pull', await stage.untilSession('pulls', waiting), 'Progressing');
  shows('failed-start-timeout', await stage.untilPhase('pulls', 'Failed'), 'Degraded');
  await restricted.createPod('web-7c9f', restrictedPod());
  await restricted.untilPod('web-7c9f', isReady);
  await restricted.createSession('general', { target, command: ['true'] });
  shows('failed-refused', await restricted.untilPhase('general', 'Failed'), 'Degraded');
});

it('Argo CD shows a session as Degraded when its container runs on after its deadline', async () => {
  // In a process namespace of its own it is process 1: without a handler no signal from inside reaches it.
  const alone = { podName: 'web-7c9f' };
  await stage.createSession('unguarded', { target: alone, supervisor: 'None', command: ['sleep', '600'], ttl: '2s' });
  const survived = await stage.untilSession('unguarded', (session) => {
    const { reason } = confirmation(session) ?? {};
    if (reason === 'Stopping') shows('ending', session, 'Progressing');
    return reason === 'ProcessSurvived';
  });
  shows('ending-not-confirmed', survived, 'Degraded');
});

it('Argo CD shows a cancelled session as Healthy', async () => {
  await stage.createSession('cancelled', { target, command: ['sleep', '600'] });
  await stage.untilPhase('cancelled', 'Running');
  await stage.changeSession('cancelled', { cancel: true });
  shows('cancelled', await stage.untilPhase('cancelled', 'Cancelled'), 'Healthy');
  await stage.createSession('called-off', { target: { podName: 'nobody' }, cancel: true });
  shows('cancelled-before', await stage.untilPhase('called-off', 'Cancelled'), 'Healthy');
});

const onNode = process.env['CLUSTER'] === 'current' ? it.skip : it;
onNode('Argo CD shows a failed session as Degraded when its container starts after all', async () => {
  const image = `localhost/comes/late:health`;
  await stage.runningPod('late', appPod());
  await stage.createSession('late', {
    target: { podName: 'late' },
    image,
    imagePullPolicy: 'Never',
    supervisor: 'None',
    command: ['sleep', '600'],
    startTimeout: '1s',
  });
  await stage.untilPhase('late', 'Failed');
  await stage.cluster.node?.ctr(['images', 'tag', '--force', busyboxImage, image]);
  try {
    const late = await stage.untilSession('late', (s) => s.status?.runs?.[0]?.state === 'StartedLate');
    shows('failed-started-late', late, 'Degraded');
  } finally {
    await stage.cluster.node?.ctr(['images', 'rm', image]);
  }
});

it('Argo CD shows the health of the second attempt instead of the first', async () => {
  await stage.changeSession('quick', { attempt: 2, command: ['sleep', '600'] });
  shows('second-attempt-running', await stage.untilPhase('quick', 'Running'), 'Healthy');
  await stage.runningPod('mortal', appPod());
  await stage.createSession('again', { target: { podName: 'mortal', containerName: 'app' }, command: ['true'] });
  await stage.untilPhase('again', 'Completed');
  await stage.deletePod('mortal', 0);
  await stage.untilGone(podsPath(stage.namespace), 'mortal');
  await stage.changeSession('again', { attempt: 2 });
  shows('second-attempt-pending', await stage.untilPhase('again', 'Pending'), 'Progressing');
});

it('Argo CD shows a changed session as Progressing until the operator has seen the change', async () => {
  await stage.operators[0]?.stop();
  shows('running-spec-changed', await patch('inspect-web', { ttl: '1h' }), 'Progressing');
  shows('attempt-raised', await patch('unlucky', { attempt: 2 }), 'Progressing');
});
