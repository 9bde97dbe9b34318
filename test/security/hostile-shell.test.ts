import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { appPod } from '../support/builders/pods.ts';
import { confirmation, containerState } from '../support/cluster/ending.ts';
import { Stage } from '../support/cluster/stage.ts';

// A container whose shell is not one any more: what the operator runs there to end it prints without end, or never
// ends. The operator leaves it at its bound, and does not say that the node cannot be reached.

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('hostile-shell');
  await stage.runningPod('web', appPod());
});

afterAll(() => stage.close());

/** Puts this in the place of every shell of the image, and sleeps on as what no signal from inside ends. */
function replacingShells(script: string): string[] {
  const code = `
    cp /bin/busybox /busybox.real
    for f in /bin/busybox /bin/sh; do
      /busybox.real rm -f $f
      echo '#!/busybox.real sh' >$f
      echo '${script}' >>$f
      /busybox.real chmod +x $f
    done
    echo replaced
    exec /busybox.real sleep 600`;
  return ['sh', '-c', code];
}

it.each([
  ['prints without end', 'while :; do echo Survived 1; done', /exec: its script goes on alone: it printed more/],
  ['never ends', '/busybox.real sleep 600', /exec: its script goes on alone: the stream was closed after 15000 ms/],
])('the stop fails in a shell that %s, and its node does not count as unreachable', async (words, script, message) => {
  const name = words.replaceAll(' ', '-');
  const command = replacingShells(script);
  await stage.createSession(name, { target: { podName: 'web' }, command, supervisor: 'None', ttl: '10m' });
  const { status } = await stage.untilPhase(name, 'Running');
  const container = status?.debugContainerName ?? '';
  await stage.until('the shells are replaced', async () => {
    return (await stage.kubectl(['logs', 'web', '-c', container])).stdout.includes('replaced');
  });
  await stage.changeSession(name, { cancel: true });
  const stays = await stage.untilSession(
    name,
    (session) => confirmation(session)?.status === 'False' && confirmation(session)?.reason !== 'Stopping',
  );
  expect(confirmation(stays)).toMatchObject({ reason: 'ExecFailed', message: expect.stringMatching(message) });
  expect(await containerState(stage, stays)).toMatchObject({ running: {} });
});
