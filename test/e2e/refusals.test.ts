import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Condition, DebugSession, Run } from '../../src/api/debugsession.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import { appPod, brokenPod, ephemeralNames, isBackingOff, isReady, shellPod } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

// The look before the leap: each pod here would be accepted by the API server, or refused in words that help nobody.

let stage: Stage;

/** Never ends on TERM: as PID 1 it is deaf to it. */
const STUBBORN = shellPod('sleep 600', { terminationGracePeriodSeconds: 300 });

beforeAll(async () => {
  stage = await Stage.open('refusals');
  await Promise.all([
    stage.createPod('web', appPod()),
    stage.createPod('nowhere', appPod({ nodeSelector: { disk: 'of-diamond' } })),
    stage.createPod('done', shellPod('exit 0', { restartPolicy: 'Never' })),
    stage.createPod('stubborn', STUBBORN),
    stage.createPod('crashing', brokenPod()),
    stage.createPod('replaced', appPod()),
    stage.createPod('full', appPod()),
  ]);
  await stage.untilPod('web', isReady);
});

afterAll(() => stage.close());

function condition(session: DebugSession, type: string): Condition | undefined {
  return session.status?.conditions?.find((candidate) => candidate.type === type);
}

/** The one run of a session that has failed; its reason and message stand in the conditions too. */
async function failed(name: string): Promise<Run> {
  // Nothing holds it: the finalizer that was written while the pod was looked up is off again.
  const session = await stage.untilSession(
    name,
    ({ status, metadata }) => status?.phase === 'Failed' && metadata.finalizers === undefined,
  );
  const [run, ...more] = session.status?.runs ?? [];
  expect(more).toEqual([]);
  expect(condition(session, 'Failed')).toMatchObject({ status: 'True', reason: run?.reason, message: run?.message });
  expect(condition(session, 'Injected')).toMatchObject({ status: 'False', reason: run?.reason });
  expect(condition(session, 'StopConfirmed')).toMatchObject({ status: 'True', reason: 'NothingToStop' });
  return run as Run;
}

/** What a session waits for. */
async function waits(name: string): Promise<{ reason?: string; message?: string }> {
  const session = await stage.untilPhase(name, 'Pending');
  expect(session.status?.runs).toBeUndefined();
  expect(condition(session, 'Injected')).toMatchObject({ status: 'False' });
  return condition(session, 'Reconciling') ?? {};
}

const shortly = { command: ['true'] };

describe('conditions that may still come true', () => {
  it('a session waits for a target that does not run, and tells how the target ended and what works instead', async () => {
    await stage.untilPod('crashing', isBackingOff);
    const target = { podName: 'crashing', containerName: 'app' };
    await stage.createSession('join', { target, ...shortly });
    const { reason, message } = await waits('join');
    expect(reason).toBe('TargetContainerNotRunning');
    expect(message).toMatch(
      /^Container app of pod crashing is not running \(.*128.*\)\. .*leave target\.containerName out/,
    );
    // And what it says works.
    await stage.createSession('beside', { target: { podName: 'crashing' }, ...shortly });
    await stage.untilPhase('beside', 'Completed');
  });

  it('a session waits for a missing pod, and the operator injects once the pod is there', async () => {
    await stage.createSession('early', { target: { podName: 'late' }, ...shortly });
    expect(await waits('early')).toMatchObject({
      reason: 'PodNotFound',
      message: `There is no pod late in namespace ${stage.namespace}; waiting for it to appear`,
    });
    const pod = await stage.createPod('late', appPod());
    const ended = await stage.untilPhase('early', 'Completed');
    expect(ended.status?.runs).toMatchObject([{ podUID: pod.metadata.uid, exitCode: 0 }]);
  });

  it('a session waits for a missing pod no longer than pendingTimeout', async () => {
    await stage.createSession('in-vain', { target: { podName: 'never' }, pendingTimeout: '2s', ...shortly });
    const run = await failed('in-vain');
    expect(run.reason).toBe('PendingTimeout');
    expect(run.message).toMatch(/^Waited 2s: There is no pod never in namespace/);
  });

  it('a session waits for a pod without a node, in the words of the scheduler', async () => {
    await stage.createSession('unscheduled', { target: { podName: 'nowhere' }, ...shortly });
    const { reason, message } = await waits('unscheduled');
    expect(reason).toBe('PodNotScheduled');
    expect(message).toMatch(/^Pod nowhere has no node yet: .*nodes? .*(affinity|selector)/);
  });

  it('a session waits for the successor of a pod that is being deleted, and the operator injects into the successor', async () => {
    const old = await stage.untilPod('stubborn', isReady);
    await stage.deletePod('stubborn');
    await stage.createSession('patient', { target: { podName: 'stubborn' }, ...shortly });
    const { reason, message } = await waits('patient');
    expect([reason, message]).toEqual(['PodTerminating', expect.stringMatching(/waiting for a pod of that name/)]);
    expect(ephemeralNames(await stage.pod('stubborn'))).toEqual([]);
    await stage.deletePod('stubborn', 0);
    await stage.untilGone(podsPath(stage.namespace), 'stubborn');
    const successor = await stage.createPod('stubborn', STUBBORN);
    const ended = await stage.untilPhase('patient', 'Completed');
    expect(successor.metadata.uid).not.toBe(old.metadata.uid);
    expect(ended.status?.runs?.[0]?.podUID).toBe(successor.metadata.uid);
    await stage.deletePod('stubborn', 0);
  });
});

describe('conditions that cannot come true', () => {
  it('a session fails at once when its pod has finished', async () => {
    await stage.untilPod('done', (pod) => pod.status?.phase === 'Succeeded');
    await stage.createSession('finished', { target: { podName: 'done' }, ...shortly });
    const run = await failed('finished');
    expect(run.reason).toBe('PodFinished');
    expect(run.message).toMatch(/^Pod done has finished \(Succeeded\), and .*kubectl debug --copy-to/);
    expect(ephemeralNames(await stage.pod('done'))).toEqual([]);
  });

  it('a session fails at once when its pod lacks the container, and lists the containers that the pod has', async () => {
    await stage.createSession('typo', { target: { podName: 'web', containerName: 'ap' }, ...shortly });
    expect(await failed('typo')).toMatchObject({
      reason: 'TargetContainerNotFound',
      message: 'Pod web has no container ap; it has app',
    });
  });

  it('a session fails at once when its pod has 50 ephemeral containers', async () => {
    const ephemeralContainers = Array.from({ length: 50 }, (_, index) => ({
      name: `old-${index}`,
      image: 'localhost/never:there',
      imagePullPolicy: 'Never',
    }));
    const path = `${podsPath(stage.namespace)}/full/ephemeralcontainers`;
    await stage.client.patch(path, { spec: { ephemeralContainers } }, { type: 'strategic' });
    await stage.createSession('one-more', { target: { podName: 'full' }, ...shortly });
    const run = await failed('one-more');
    expect(run.reason).toBe('TooManyEphemeralContainers');
    expect(run.message).toMatch(/^Pod full has 50 ephemeral containers; .*Restart the pod, or debug another$/);
    expect(ephemeralNames(await stage.pod('full'))).toHaveLength(50);
  });

  const node = process.env['CLUSTER'] === 'current' ? it.skip : it;
  node('a session fails at once when its pod is static, and tells what works instead', async () => {
    const { staticPods = '', nodeName = '' } = stage.cluster.node ?? {};
    const manifest = join(staticPods, `${stage.namespace}.yaml`);
    const metadata = { name: 'fixed', namespace: stage.namespace };
    mkdirSync(staticPods, { recursive: true });
    writeFileSync(manifest, JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec: appPod() }));
    try {
      const name = `fixed-${nodeName}`;
      await stage.untilPod(name, isReady);
      await stage.createSession('static', { target: { podName: name }, ...shortly });
      const run = await failed('static');
      expect(run.reason).toBe('StaticPod');
      expect(run.message).toMatch(new RegExp(`is a static pod: .*use kubectl debug node/${nodeName}$`));
    } finally {
      rmSync(manifest);
    }
  });
});

it('a run is over when another pod has the name of its pod, and the operator leaves the new pod alone', async () => {
  const old = await stage.untilPod('replaced', isReady);
  const target = { podName: 'replaced', containerName: 'app' };
  await stage.createSession('follower', { target, command: ['sleep', '600'], ttl: '5m' });
  await stage.untilPhase('follower', 'Running');
  await stage.deletePod('replaced', 0);
  await stage.untilGone(podsPath(stage.namespace), 'replaced');
  await stage.createPod('replaced', appPod());
  const over = await stage.untilPhase('follower', 'Completed');
  expect(over.status?.runs).toMatchObject([{ podUID: old.metadata.uid, reason: 'PodGone', endedBy: 'PodGone' }]);
  // Nobody saw it end, and a node that is cut off could run it still: not before its last moment is that certain.
  expect(condition(over, 'StopConfirmed')).toMatchObject({ status: 'Unknown', reason: 'ForceDeleted' });
  expect(ephemeralNames(await stage.untilPod('replaced', isReady))).toEqual([]);
});
