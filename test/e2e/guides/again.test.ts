import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { Terminal } from '../../support/cluster/attach.ts';
import { Guide } from '../../support/documents/guide.ts';
import { appPod, isReady } from '../../support/builders/pods.ts';
import { Stage } from '../../support/cluster/stage.ts';

// docs/guides: attach-again, logs. The manifests are those that the guides print.

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('guide-again');
  await stage.createPod('web', appPod());
  await stage.untilPod('web', isReady);
});

afterAll(() => stage.close());

it('a session outlives its terminal, and a user attaches again until a user ends it', async () => {
  await new Guide('attach-again.md').apply(stage, 'long-look');
  const running = await stage.untilPhase('long-look', 'Running');
  const first = await Terminal.attach(stage, running);
  await first.run('cd /tmp; FOUND=17; echo noted-$FOUND', /noted-17/);
  await first.detach();
  expect((await stage.session('long-look')).status?.phase).toBe('Running');

  const second = await Terminal.attach(stage, running);
  expect(await second.run('echo $PWD-$FOUND', /\/tmp-\d*/)).toContain('/tmp-17');
  second.type('exit 5');
  await second.ended();
  const { status } = await stage.untilPhase('long-look', 'Completed');
  expect(status).toMatchObject({ exitCode: 5 });
  expect(status?.attachCommand).toBeUndefined();

  const container = status?.debugContainerName ?? '';
  const third = await stage.kubectl(['attach', 'web', '-c', container]);
  expect(third.code).not.toBe(0);
  expect(third.stderr).toContain(`container ${container} not found in pod web_${stage.namespace}`);
  // All that was typed and shown, by both.
  const logs = await stage.logs('web', container);
  expect(logs.stdout).toMatch(/noted-17[^]*\/tmp-17/);
});

it('the log of each attempt stays when the attempt has ended', async () => {
  await new Guide('logs.md').apply(stage, 'check-web');
  const first = await stage.untilPhase('check-web', 'Completed');
  expect(first.status?.exitCode).toBe(3);
  await stage.changeSession('check-web', { attempt: 2 });
  const again = await stage.untilSession('check-web', (s) => s.status?.attempt === 2 && s.status.phase === 'Completed');
  const names = again.status?.runs?.map((run) => run.debugContainerName ?? '') ?? [];
  expect(names).toEqual([first.status?.debugContainerName, again.status?.debugContainerName]);
  for (const name of names) expect(await stage.logs('web', name)).toMatchObject({ code: 0, stdout: 'ok\n' });
});

it('the log of a session stays when its ttl has ended the session', async () => {
  const target = { podName: 'web' };
  await stage.createSession('cut-off', { target, command: ['sh', '-c', 'echo begun; sleep 600'], ttl: '2s' });
  const { status } = await stage.untilPhase('cut-off', 'Expired');
  const logs = await stage.logs('web', status?.debugContainerName ?? '');
  expect(logs.stdout).toBe('begun\n');
});
