import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { Outcome } from '../../cluster/run-program.ts';
import { Terminal } from '../../support/cluster/attach.ts';
import { Guide } from '../../support/documents/guide.ts';
import { appPod, ephemeralNames, isReady } from '../../support/builders/pods.ts';
import { Stage } from '../../support/cluster/stage.ts';

// docs/guides/rbac.md, with its own manifests: dana has the role that is shipped, olga may ask and nothing else.

const guide = new Guide('rbac.md');
let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('guide-rbac');
  await stage.createPod('web', appPod());
  await guide.apply(stage, 'dana-debugs');
  await guide.apply(stage, 'asks-only');
  await stage.kubectl(['create', 'rolebinding', 'olga-asks', '--role=asks-only', '--user=olga']);
  await stage.untilPod('web', isReady);
  await stage.until('the bindings are in force', async () =>
    (
      await Promise.all(
        ['dana', 'olga'].map((user) => as(user, 'auth', 'can-i', 'create', 'debugsessions.debugsession.dev')),
      )
    ).every(({ code }) => code === 0),
  );
});

afterAll(() => stage.close());

function as(user: string, ...args: string[]): Promise<Outcome> {
  return stage.kubectl([`--as=${user}`, ...args]);
}

/** A refusal, which the guide quotes. */
function expectRefusal({ code, stderr }: Outcome): void {
  const [line = '-'] = /[^:]*forbidden: User .*/.exec(stderr) ?? [];
  expect({ code: code !== 0, line }).toEqual({ code: true, line: expect.stringContaining('forbidden') });
  expect(guide.text).toContain(line.replaceAll(stage.namespace, 'shop').trim());
}

it('a user with the shipped role gets a session and its terminal, and injects nothing by hand', async () => {
  expectRefusal(await as('dana', 'debug', 'web', '--image=busybox:1.36', '--', 'true'));
  expect(ephemeralNames(await stage.pod('web'))).toEqual([]);

  const asked = await stage.kubectl(['--as=dana', 'apply', '-f', '-'], JSON.stringify(guide.object('danas-look')));
  expect(asked).toMatchObject({ code: 0 });
  const running = await stage.untilPhase('danas-look', 'Running');
  expectRefusal(await as('dana', 'exec', 'web', '-c', running.status?.debugContainerName ?? '', '--', 'id'));
  const terminal = await Terminal.attach(stage, running, 'dana');
  await terminal.run('echo uid-$(id -u)', /uid-0/);
  terminal.type('exit');
  await terminal.ended();
  await stage.untilPhase('danas-look', 'Completed');
});

it('a user who may not attach still gets a session with a record and an exit code', async () => {
  const session = { ...guide.object('danas-look'), metadata: { name: 'olgas-look' } };
  const asked = await stage.kubectl(['--as=olga', 'create', '-f', '-'], JSON.stringify(session));
  expect(asked).toMatchObject({ code: 0 });
  const { status } = await stage.untilPhase('olgas-look', 'Running');
  expectRefusal(await as('olga', 'attach', 'web', '-c', status?.debugContainerName ?? ''));
  const again = { spec: { ttl: '10m', command: ['true'] } };
  const refused = await as('olga', 'patch', 'dbg', 'olgas-look', '--type=merge', '-p', JSON.stringify(again));
  expect(refused.stderr).toContain('command is frozen until the next attempt');
  await (await Terminal.attach(stage, await stage.session('olgas-look'))).run('exit', /Session ended/);
  expect((await stage.untilPhase('olgas-look', 'Completed')).status?.exitCode).toBe(0);
});

it('the API server refuses a session to a user without the role', async () => {
  const asked = await stage.kubectl(['--as=nobody', 'create', '-f', '-'], JSON.stringify(guide.object('danas-look')));
  expect(asked.stderr).toContain('cannot create resource "debugsessions"');
});
