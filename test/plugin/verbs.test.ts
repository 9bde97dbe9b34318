import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { Dbg } from '../support/cluster/dbg.ts';
import { Person } from '../support/cluster/person.ts';
import { Stage } from '../support/cluster/stage.ts';

let stage: Stage;
let dbg: Dbg;
let dana: Dbg;

beforeAll(async () => {
  stage = await Stage.open('plugin-verbs');
  dbg = new Dbg(stage);
  await stage.runningPod('web');
  await Person.whoMayAsk(stage, 'dana');
  dana = new Dbg(stage, 'dana');
});

afterAll(async () => {
  dbg.close();
  dana.close();
  await stage.close();
});

/** Starts a session that runs until somebody ends it. */
async function running(who: Dbg, name: string): Promise<DebugSession> {
  await who.run(['web', `--name=${name}`, '--detach', '--ttl=10m', '--', 'sleep', '600']);
  return stage.untilPhase(name, 'Running');
}

describe('ls', () => {
  it('kubectl dbg ls shows the sessions of the user, of all users, of one pod, or live sessions alone', async () => {
    await running(dana, 'of-dana');
    await dbg.run(['web', '--name=of-admin', '--reason=INC-1', '--', 'true']);
    const names = (stdout: string): string[] =>
      stdout
        .split('\n')
        .slice(1)
        .flatMap((line) => line.split(' ')[0] || []);
    expect(names((await dana.run(['ls'])).stdout)).toEqual(['of-dana']);
    expect(names((await dbg.run(['ls'])).stdout)).toEqual(['of-admin']);
    expect(names((await dbg.run(['ls', '--all-users'])).stdout)).toEqual(['of-admin', 'of-dana']);
    expect(names((await dbg.run(['ls', '--all-users', '--live'])).stdout)).toEqual(['of-dana']);
    const none = await dana.run(['ls', '--pod=other']);
    expect(none).toMatchObject({ code: 0, stdout: '' });
    expect(none.stderr).toMatch(/No session of yours in this namespace.*; --all-users also looks at/);
    const all = await dbg.run(['ls', '-A', '-u', '-l']);
    expect(all.stdout).toMatch(
      new RegExp(`^${stage.namespace} +of-dana +web +Running +- +9m\\d+s +- +\\S+ +dana$`, 'm'),
    );
    const listed = JSON.parse((await dbg.run(['ls', '-o', 'json'])).stdout) as { items: DebugSession[] };
    expect(listed.items.map(({ metadata }) => metadata.name)).toEqual(['of-admin']);
    await dana.run(['end', 'of-dana']);
  });
});

describe('show', () => {
  it('kubectl dbg show tells the requester, the reason, the command, the end and the next step', async () => {
    await dbg.run(['web', '--name=told', '--reason=INC-4711', '--', 'sh', '-c', 'exit 3']);
    const { code, stdout } = await dbg.run(['show', 'told']);
    const who = (await stage.session('told')).spec.requestedBy?.username;
    expect(code).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Session told in namespace ${stage.namespace}: Completed$`, 'm'));
    expect(stdout).toMatch(new RegExp(`^ +asked +\\d{4}-.* by ${who}: INC-4711$`, 'm'));
    expect(stdout).toMatch(/^ +where +pod web on node \S+, as container debug-\S+-1$/m);
    expect(stdout).toMatch(
      /^ +what +docker\.io\/library\/busybox:1\.36 \(sha256:[0-9a-f]{64}\), profile general: sh -c/m,
    );
    expect(stdout).toMatch(/^ +before +pod Running, container app running, 0 restarts$/m);
    expect(stdout).toMatch(/^ +ended +.*The command ended by itself, exit code 3$/m);
    expect(stdout).toMatch(/^ +pod now +Running, ready, container app has 0 restarts$/m);
    expect(stdout).toMatch(/^ +certain +yes, nothing of it runs/m);
    expect(stdout).toContain(`kubectl dbg again told -n ${stage.namespace}`);
    const whole = JSON.parse((await dbg.run(['show', 'told', '-o', 'json'])).stdout) as DebugSession;
    expect(whole.status?.exitCode).toBe(3);
  });

  it('kubectl dbg show suggests the session with a similar name', async () => {
    const { code, stderr } = await dbg.run(['show', 'tolt']);
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: 'error: there is no session tolt in this namespace, did you mean told?\n',
    });
  });
});

describe('again', () => {
  it('kubectl dbg again starts another attempt with another command, beside the record of the first', async () => {
    await dbg.run(['web', '--name=twice', '--', 'echo', 'one']);
    const second = await dbg.run(['again', 'twice', '--ttl=3m', '--', 'echo', 'two']);
    expect(second).toMatchObject({ code: 0, stdout: 'two\n' });
    const { status } = await stage.session('twice');
    expect(status?.runs?.map(({ attempt, commandLine }) => [attempt, commandLine])).toEqual([
      [1, 'echo one'],
      [2, 'echo two'],
    ]);
    expect((await dbg.run(['logs', 'twice'])).stdout).toBe('two\n');
    expect((await dbg.run(['logs', 'twice', '--attempt=1'])).stdout).toBe('one\n');
    expect(await dbg.run(['logs', 'twice', '--attempt=3'])).toMatchObject({ code: 1, stdout: '' });
  });

  it('kubectl dbg again starts a cancelled session, and refuses a live session', async () => {
    await running(dbg, 'revived');
    expect(await dbg.run(['again', 'revived'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/is not over \(Running\)/),
    });
    expect((await dbg.run(['end', 'revived'])).code).toBe(0);
    expect(await dbg.run(['again', 'revived', '--', 'echo', 'back'])).toMatchObject({ code: 0, stdout: 'back\n' });
  });
});

describe('extend', () => {
  it('kubectl dbg extend says until when the container runs now', async () => {
    const before = await running(dbg, 'longer');
    const { code, stdout } = await dbg.run(['extend', 'longer', '30m']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Session longer runs until \d\d:\d\d:\d\d, 39m\d+s from now\.\n$/);
    const after = await stage.session('longer');
    const moved = Date.parse(after.status?.expiresAt ?? '') - Date.parse(before.status?.expiresAt ?? '');
    expect(moved).toBe(30 * 60_000);
  });

  it('kubectl dbg extend says why the end stays', async () => {
    const name = `short-${stage.namespace}`;
    const spec = { images: ['docker.io/library/busybox:*'], profiles: ['general'], ttl: { max: '10m' } };
    const policy = { apiVersion: 'debugsession.dev/v1alpha1', kind: 'DebugPolicy', metadata: { name }, spec };
    await stage.kubectl(['create', '-f', '-'], JSON.stringify(policy));
    try {
      const words = ['web', '--no-target', '--name=bounded', `--policy=${name}`, '--detach', '--ttl=9m'];
      await dbg.run([...words, '--', 'sleep', '600']);
      await stage.untilPhase('bounded', 'Running');
      const { code, stderr } = await dbg.run(['extend', 'bounded', '2m']);
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /error: the end of session bounded stays \d\d:\d\d:\d\d: its policy allows 10m at most\n$/,
      );
    } finally {
      await dbg.run(['end', 'bounded']);
      await stage.kubectl(['delete', 'dbgp', name]);
    }
  });
});

describe('end', () => {
  it('kubectl dbg end waits until the container has ended, and says how', async () => {
    const session = await running(dbg, 'ended');
    const { code, stderr } = await dbg.run(['end', 'ended']);
    expect(code).toBe(0);
    expect(stderr).toMatch(/Session ended is cancelled after \d+s: The operator ended it/);
    const pod = await stage.pod('web');
    const container = pod.status?.ephemeralContainerStatuses?.find(
      ({ name }) => name === session.status?.debugContainerName,
    );
    expect(container?.state?.terminated).toBeDefined();
    expect((await dbg.run(['end', 'ended'])).code).toBe(0);
  });

  it('kubectl dbg end refuses a session that does not exist', async () => {
    expect(await dana.run(['end', 'nobodys'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/there is no session nobodys/),
    });
  });
});

describe('attach', () => {
  it('kubectl dbg attach comes back into a session that was left, and gets its exit code', async () => {
    const first = dbg.open(['web', '--name=visited']);
    await first.sees(/Session visited runs/);
    await first.run('', /[#$] /);
    await first.run('word=kept; echo $word', /kept/);
    await first.detach();
    const second = dbg.open(['attach', 'visited']);
    await second.sees(/Session visited runs/);
    await second.run('echo "still $word"', /still kept/);
    second.type('exit 6');
    expect(await second.ended()).toMatch(/Session visited is completed/);
    expect(await second.exitCode()).toBe(6);
  });

  it('kubectl dbg attach refuses another user with the words of the guard', async () => {
    const first = dbg.open(['web', '--name=private']);
    await first.sees(/Session private runs/);
    const other = dana.open(['attach', 'private']);
    const shown = await other.ended();
    expect(shown).toMatch(/error: .*is of DebugSession private, which is /);
    expect(await other.exitCode()).toBe(1);
    await first.run('', /[#$] /);
    first.type('exit');
    await first.ended();
  });

  it('kubectl dbg attach watches a command, and Ctrl-C leaves that command running', async () => {
    await dbg.run(['web', '--name=watched', '--detach', '--', 'sh', '-c', 'echo shown; sleep 600']);
    const terminal = dbg.open(['attach', 'watched']);
    await terminal.sees(/shown/);
    await terminal.press('\u0003', /Session watched goes on/);
    expect(await terminal.exitCode()).toBe(130);
    expect((await stage.session('watched')).status?.phase).toBe('Running');
  });
});

it('kubectl dbg rm deletes sessions, ends running sessions first, and names missing sessions', async () => {
  await running(dbg, 'removed');
  const { code, stderr } = await dbg.run(['rm', 'removed', 'never-was']);
  expect(code).toBe(1);
  expect(stderr).toContain('Session removed is deleted, and its record with it.');
  expect(stderr).toContain('error: there is no session never-was');
  expect((await stage.kubectl(['get', 'dbg', 'removed'])).code).toBe(1);
});
