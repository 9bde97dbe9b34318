import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { documentedCommands, typeCommands } from '../support/documents/documented-commands.ts';
import { Stage } from '../support/cluster/stage.ts';
import { patient } from '../support/patience.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('main-job');
});

afterAll(() => stage.close());

it('the operator injects a container, tracks it, ends it at its ttl, records the end and runs a second attempt', async () => {
  const pod = await stage.runningPod('web');
  const target = { podName: 'web', containerName: 'app' };
  await stage.createSession('inspect', { target, command: ['sleep', '600'], ttl: '3s', justification: 'INC-4711' });

  const running = await stage.untilPhase('inspect', 'Running');
  const name = running.status?.debugContainerName ?? '';
  expect(name).toMatch(/^debug-[0-9a-f]{8}-1$/);
  expect(running.metadata.finalizers).toEqual(['debugsession.dev/container']);
  expect((await stage.pod('web')).spec?.ephemeralContainers?.map((container) => container.name)).toEqual([name]);

  const expired = await stage.untilSession(
    'inspect',
    (s) => s.status?.phase === 'Expired' && s.metadata.finalizers === undefined,
  );
  const [first] = expired.status?.runs ?? [];
  expect(first).toMatchObject({
    attempt: 1,
    podName: 'web',
    podUID: pod.metadata.uid,
    endedBy: 'Supervisor',
    state: 'Ended',
  });
  expect(first?.imageID).toMatch(/sha256:[0-9a-f]{64}/);
  const late = Date.parse(first?.finishedAt ?? '') - Date.parse(first?.expiresAt ?? '');
  expect(late).toBeLessThanOrEqual(patient(2_000));
  await stage.until('three events', async () => (await stage.events('DebugSession', 'inspect')).length >= 3);
  const story = await stage.events('DebugSession', 'inspect');
  expect(story.map((event) => event.reason)).toEqual(['Injected', 'Started', 'Ended']);
  const who = expired.spec.requestedBy?.username;
  expect(first?.requestedBy).toEqual(expect.objectContaining({ username: who }));
  const { debugContainerName, image } = first ?? {};
  expect(story[0]?.note).toBe(`Injected container ${debugContainerName} (${image}) into pod web for ${who}: INC-4711`);
  expect(story[2]?.related).toMatchObject({ kind: 'Pod', name: 'web' });

  await stage.changeSession('inspect', { attempt: 2, command: ['sh', '-c', 'exit 7'] });
  const again = await stage.untilPhase('inspect', 'Completed');
  expect(again.status?.runs?.[0]).toEqual(first);
  expect(again.status?.runs?.[1]).toMatchObject({
    attempt: 2,
    exitCode: 7,
    endedBy: 'Command',
    debugContainerName: name.replace(/1$/, '2'),
  });

  const after = await stage.pod('web');
  expect(after.status?.containerStatuses?.[0]).toMatchObject({ name: 'app', restartCount: 0, ready: true });
});

it('the commands of docs/observability.md lead from the container of a pod to its requester', async () => {
  const { status, spec } = await stage.session('inspect');
  const [transcript = ''] = documentedCommands('docs/observability.md', 'Find the requester');
  const commands = transcript
    .split('\n')
    .flatMap((line) => (line.startsWith('$ ') ? [line.slice(2)] : []))
    .join('\n')
    .replace('get pod web', `get pod web --namespace=${stage.namespace}`)
    .replace(/debug-[0-9a-f]{8}-1/, status?.runs?.[0]?.debugContainerName ?? '');
  const who = spec.requestedBy?.username;
  expect(await typeCommands(commands, stage.cluster)).toMatchObject({
    code: 0,
    stdout: `${stage.namespace}/inspect\n1 ${who}\n2 ${who}`,
  });
});
