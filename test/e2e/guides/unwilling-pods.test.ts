import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Run } from '../../../src/api/debugsession.ts';
import { Guide } from '../../support/documents/guide.ts';
import { appPod, ephemeralNames, isReady, shellPod } from '../../support/builders/pods.ts';
import { Stage } from '../../support/cluster/stage.ts';
import { tellToEnd, UNTIL_TOLD } from '../../support/cluster/until-told.ts';

// docs/guides: crash-looping, completed-pod, static-pod. The manifests are those that the guides print, the messages
// too.

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('guide-unwilling');
  await stage.createPod('orders', appPod(), { labels: { app: 'orders' } });
  await stage.client.create(`/api/v1/namespaces/${stage.namespace}/services`, {
    metadata: { name: 'orders' },
    spec: { selector: { app: 'orders' }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  await Promise.all([
    stage.createPod('crashing', shellPod('echo cannot open database; exit 3')),
    stage.createPod('flapping', shellPod(`${UNTIL_TOLD}; exit 3`)),
    stage.createPod('migrate', shellPod('echo migrated 17 rows', { restartPolicy: 'Never' })),
    stage.untilPod('orders', isReady),
  ]);
});

afterAll(() => stage.close());

async function failedRun(name: string): Promise<Run> {
  const session = await stage.untilPhase(name, 'Failed');
  return session.status?.runs?.[0] as Run;
}

it('a session beside a crash-looping container runs, and a session that joins it fails and says why', async () => {
  const guide = new Guide('crash-looping.md');
  // The beginning of the second pause, of 20 s: no window opens while the session waits.
  await stage.untilPod('crashing', ({ status }) => {
    const [app] = status?.containerStatuses ?? [];
    return app?.restartCount === 2 && app.state?.running === undefined;
  });
  await Promise.all([guide.apply(stage, 'beside-crashing'), guide.apply(stage, 'join-crashing')]);
  const { status } = await stage.untilPhase('beside-crashing', 'Completed');
  const logs = await stage.logs('crashing', status?.debugContainerName ?? '');
  expect(logs.stdout).toBe('hello from the shell-less application\n');
  expect(status?.runs?.[0]?.before).toMatchObject({ containerName: 'app', restartCount: 2, ready: false });

  const { reason, message = '-' } = await failedRun('join-crashing');
  expect(reason).toBe('PendingTimeout');
  // Just after its end the kubelet says `terminated`, and from then on CrashLoopBackOff.
  const state = /\((?:terminated: Error 3|waiting: \w+, exited 3 before)\)/;
  expect(guide.text).toContain(message.replace(state, '(waiting: CrashLoopBackOff, exited 3 before)'));
});

it('a finished pod is refused, and a session runs in a copy of the pod', async () => {
  const guide = new Guide('completed-pod.md');
  await stage.untilPod('migrate', (pod) => pod.status?.phase === 'Succeeded');
  await guide.apply(stage, 'look-at-migrate');
  const { reason, message = '-', before } = await failedRun('look-at-migrate');
  expect(reason).toBe('PodFinished');
  expect(guide.text).toContain(message);
  expect(guide.text).toContain(JSON.stringify({ exitCode: before?.exitCode }).slice(1, -1));
  expect(ephemeralNames(await stage.pod('migrate'))).toEqual([]);

  const instead = 'debug migrate --copy-to=migrate-again --container=app -- sh -c';
  expect(guide.text).toContain(instead);
  const copied = await stage.kubectl([...instead.split(' '), 'sleep 600']);
  expect(copied).toMatchObject({ code: 0 });
  await stage.untilPod('migrate-again', isReady);
  await stage.createSession('in-the-copy', { target: { podName: 'migrate-again' }, command: ['true'] });
  await stage.untilPhase('in-the-copy', 'Completed');
});

const onOurNode = process.env['CLUSTER'] === 'current' ? it.skip : it;
onOurNode('a static pod is refused, with the reason and the way that works', async () => {
  const guide = new Guide('static-pod.md');
  const { staticPods = '', nodeName = '' } = stage.cluster.node ?? {};
  const manifest = join(staticPods, `${stage.namespace}.yaml`);
  const metadata = { name: 'proxy', namespace: stage.namespace };
  mkdirSync(staticPods, { recursive: true });
  writeFileSync(manifest, JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec: appPod() }));
  try {
    await stage.untilPod(`proxy-${nodeName}`, isReady);
    await guide.apply(stage, 'look-at-proxy', (text) => text.replaceAll('node-1', nodeName));
    const { reason, message = '-' } = await failedRun('look-at-proxy');
    expect(reason).toBe('StaticPod');
    expect(guide.text).toContain(message.replaceAll(nodeName, 'node-1'));
    const byHand = await stage.kubectl(['debug', `proxy-${nodeName}`, '--image=busybox:1.36', '--', 'true']);
    expect(byHand.stderr).toContain('static pods do not support ephemeral containers');
  } finally {
    rmSync(manifest);
  }
});

it('a session joins a container in its next life, and ends when that container crashes', async () => {
  await tellToEnd(stage, 'flapping');
  await stage.untilPod('flapping', ({ status }) => status?.containerStatuses?.[0]?.state?.running === undefined);
  await new Guide('crash-looping.md').apply(stage, 'join-flapping');
  await stage.untilPhase('join-flapping', 'Running');
  await tellToEnd(stage, 'flapping');
  const { status } = await stage.untilPhase('join-flapping', 'Completed');
  expect(status?.runs?.[0]).toMatchObject({ exitCode: 137, endedBy: 'Kubelet' });
  expect(status?.runs?.[0]?.message).toMatch(
    /^It was killed when container app, whose process namespace it shared, ended/,
  );
  const logs = await stage.logs('flapping', status?.debugContainerName ?? '');
  expect(logs.stdout).toMatch(/^PID +USER +COMMAND\n +1 root +sh\n/);
});
