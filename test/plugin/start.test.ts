import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { sessionsPath } from '../../src/reconcile/session-api.ts';
import { Dbg } from '../support/cluster/dbg.ts';
import { Person } from '../support/cluster/person.ts';
import { Stage } from '../support/cluster/stage.ts';

let stage: Stage;
let dbg: Dbg;

beforeAll(async () => {
  stage = await Stage.open('plugin-start');
  dbg = new Dbg(stage);
  await stage.runningPod('web');
});

afterAll(async () => {
  dbg.close();
  await stage.close();
});

const CTRL_C = '\u0003';

describe('kubectl dbg POD', () => {
  it('kubectl dbg POD gives a terminal beside the default container, and the exit code of its shell', async () => {
    const terminal = dbg.open(['web', '--name=shell', '--reason=INC-4711', '--ttl=5m']);
    await terminal.sees(/Session shell runs in pod web until \d\d:\d\d:\d\d/);
    await terminal.run('', /[#$] /);
    await terminal.run('cat /proc/1/cmdline; echo', /\/app/);
    terminal.type('exit 7');
    const shown = await terminal.ended();
    expect(shown).toContain('Session shell: docker.io/library/busybox:1.36 for pod web, container app');
    expect(shown).toMatch(/Session shell is completed after \d+s: The command ended by itself, exit code 7\./);
    expect(shown).toContain(`Record: kubectl dbg show shell -n ${stage.namespace}`);
    expect(await terminal.exitCode()).toBe(7);
    expect((await stage.session('shell')).status?.runs?.[0]).toMatchObject({
      justification: 'INC-4711',
      exitCode: 7,
      effective: { ttl: '5m', tty: true },
    });
  });

  it('a terminal inside has the size of the terminal outside, also after that was resized', async () => {
    const terminal = dbg.open(['web', '--name=sized', '--ttl=5m'], 100);
    await terminal.sees(/Session sized runs/);
    await terminal.run('', /[#$] /);
    await terminal.run('stty size', /\b30 100\b/);
    terminal.resize(132, 43);
    // The new size takes its own way to the container: asked again until it is there.
    await terminal.run('until stty size | grep -x "43 132"; do sleep 0.1; done; echo it\\ is', /\bit is\b/);
    terminal.type('exit');
    expect(await terminal.exitCode()).toBe(0);
  });

  it('a session runs on when the user leaves its terminal by the detach keys', async () => {
    const terminal = dbg.open(['web', '--name=left']);
    await terminal.sees(/Session left runs/);
    await terminal.run('', /[#$] /);
    await terminal.detach();
    expect(await terminal.ended()).toMatch(/Session left goes on until .*: kubectl dbg attach left/);
    expect(await terminal.exitCode()).toBe(0);
    expect((await stage.session('left')).status?.phase).toBe('Running');
  });

  it('kubectl dbg writes no progress line that is wider than the terminal', async () => {
    const name = 'a-pod-that-has-a-rather-long-name-and-does-not-exist-at-all';
    const terminal = dbg.open([`deploy/${name}`, '--no-target', '--name=narrow'], 60);
    await terminal.sees(/Waiting: There is no Deployment/);
    await terminal.press(CTRL_C, /Cancel it\?/);
    await terminal.press(CTRL_C, /Session narrow is cancelled/);
    // The line that changes begins with this; what has a line end was said for good.
    const drawn = (await terminal.ended()).split('\r\u001b[K').filter((text) => text !== '' && !text.includes('\n'));
    expect(drawn.length).toBeGreaterThan(1);
    // The terminal itself echoes Ctrl-C.
    for (const text of drawn) expect(text.replaceAll('^C', '').length).toBeLessThan(60);
  });

  it('Ctrl-C before the start asks the user, who goes on with n and cancels with the next Ctrl-C', async () => {
    const terminal = dbg.open(['deploy/none', '--no-target', '--name=called-off']);
    await terminal.sees(/Waiting: There is no Deployment none/);
    await terminal.press(CTRL_C, /It does not run yet\. Cancel it\? \[Y\/n\]/);
    await terminal.press('n\r', /Waiting: There is no Deployment none/);
    await terminal.press(CTRL_C, /Cancel it\?/);
    await terminal.press('\r', /Session called-off is cancelled before it ran/);
    expect(await terminal.exitCode()).toBe(1);
    expect((await stage.session('called-off')).status?.phase).toBe('Cancelled');
  });
});

describe('kubectl dbg POD -- COMMAND', () => {
  it('kubectl dbg prints the output of the command alone on standard output, and ends with its exit code', async () => {
    const { code, stdout, stderr } = await dbg.run(['web', '--', 'sh', '-c', 'seq 1 20000; exit 5']);
    expect(stdout).toBe(Array.from({ length: 20_000 }, (_, index) => `${index + 1}\n`).join(''));
    expect(code).toBe(5);
    expect(stderr).toMatch(/is completed.*exit code 5/);
    // eslint-disable-next-line no-control-regex -- what must not be there
    expect(stderr).not.toMatch(/[\r\u001b]/);
  });

  it('kubectl dbg hands on the words of the command unchanged, also flags', async () => {
    const { stdout } = await dbg.run(['web', '--', 'echo', '-n', '--name', 'a b', '$HOME']);
    expect(stdout).toBe('--name a b $HOME');
  });

  it('Ctrl-C cancels a session with a command', async () => {
    const terminal = dbg.open(['web', '--name=endless', '--', 'sh', '-c', 'echo begun; sleep 600']);
    await terminal.sees(/begun/);
    await terminal.press(CTRL_C, /Session endless is cancelled after/);
    const session = await stage.untilPhase('endless', 'Cancelled');
    expect(await terminal.exitCode()).toBe(session.status?.exitCode);
  });

  it('kubectl dbg attaches to a command with a terminal', async () => {
    const terminal = dbg.open(['web', '-t', '--name=typed', '--', 'sh', '-c', 'read word; echo "got $word"; exit 4']);
    await terminal.sees(/Session typed runs/);
    await terminal.run('hello', /got hello/);
    expect(await terminal.exitCode()).toBe(4);
  });

  it('kubectl dbg --rm deletes the record', async () => {
    const { code, stderr } = await dbg.run(['web', '--name=short', '--rm', '--', 'true']);
    expect(code).toBe(0);
    expect(stderr).not.toContain('Record:');
    const left = await stage.client.list<{ items: DebugSession[] }>(sessionsPath(stage.namespace), {
      fieldSelector: 'metadata.name=short',
    });
    expect(left.items).toEqual([]);
  });
});

describe('refusals', () => {
  it('kubectl dbg puts every reason of a policy on its own line, and exits with 1', async () => {
    const name = `tight-${stage.namespace}`;
    const spec = { images: ['registry.example/tools:*'], profiles: ['restricted'] };
    const policy = { apiVersion: 'debugsession.dev/v1alpha1', kind: 'DebugPolicy', metadata: { name }, spec };
    await stage.kubectl(['create', '-f', '-'], JSON.stringify(policy));
    try {
      const without = await dbg.run(['web', `--policy=${name}`, '--', 'true']);
      expect(without).toMatchObject({ code: 2, stdout: '' });
      expect(without.stderr).toContain('it allows registry.example/tools:*');
      const refused = await dbg.run(['web', `--policy=${name}`, '--image=busybox:1.36', '--', 'true']);
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toMatch(/^ {2}image docker\.io\/library\/busybox:1\.36 is not allowed \(/m);
      expect(refused.stderr).toMatch(/^ {2}profile general is not allowed/m);
      expect(refused.stderr).toContain('its processes and files are not seen');
    } finally {
      await stage.kubectl(['delete', 'dbgp', name]);
    }
  });

  it.each([
    [
      'a pod that does not exist',
      ['webb', '--', 'true'],
      1,
      /there is no pod webb in namespace [a-z0-9-]+, did you mean web\?/,
    ],
    ['no terminal and no command', ['web'], 2, /standard input is not a terminal/],
    ['an unknown flag', ['web', '--imag=x'], 2, /unknown option '--imag/],
    ['an unknown type', ['service/web', '--', 'true'], 2, /"service\/web" is not a target/],
    ['a ttl that the schema refuses', ['web', '--ttl=0s', '--', 'true'], 1, /spec\.ttl: .*must be/],
  ])('kubectl dbg refuses %s', async (_, words, code, said) => {
    const outcome = await dbg.run(words);
    expect(outcome).toMatchObject({ code, stdout: '' });
    expect(outcome.stderr).toMatch(said);
  });
});

describe('dry runs', () => {
  it('kubectl dbg starts the session of a manifest that it has printed, also with Windows line ends', async () => {
    const printed = await dbg.run(['web', '--dry-run=client', '--name=of-a-file', '--', 'echo', 'hello']);
    expect(printed).toMatchObject({ code: 0, stderr: '' });
    const started = await dbg.run(['-f', '-'], printed.stdout.replaceAll('\n', '\r\n'));
    expect(started).toMatchObject({ code: 0, stdout: 'hello\n' });
    expect((await stage.session('of-a-file')).status?.phase).toBe('Completed');
  });

  it('kubectl dbg --dry-run=server has the API server judge the session, and creates nothing', async () => {
    const { code, stdout } = await dbg.run(['web', '--dry-run=server', '--name=judged', '-o', 'json']);
    expect(code).toBe(0);
    expect((JSON.parse(stdout) as DebugSession).spec.requestedBy?.username).not.toBeUndefined();
    expect((await stage.kubectl(['get', 'dbg', 'judged'])).code).toBe(1);
  });

  it('kubectl dbg --detach prints the name', async () => {
    const { code, stdout } = await dbg.run(['web', '--detach', '--name=apart']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'apart\n' });
    await stage.untilPhase('apart', 'Running');
  });
});

it('kubectl dbg works with the role for users alone, without the right to read policies', async () => {
  const { name } = await Person.whoMayAsk(stage, 'dana');
  const dana = new Dbg(stage, name);
  const outcome = await dana.run(['web', '--name=of-dana', '--', 'cat', '/proc/1/cmdline']);
  dana.close();
  expect(outcome).toMatchObject({ code: 0, stdout: expect.stringContaining('/app') });
  expect((await stage.session('of-dana')).spec.requestedBy?.username).toBe('dana');
});

it('kubectl dbg tells a user without rights what the API server says', async () => {
  const eve = new Dbg(stage, 'eve');
  const outcome = await eve.run(['web', '--', 'true']);
  eve.close();
  expect(outcome.code).toBe(1);
  expect(outcome.stderr).toMatch(/User "eve" cannot create resource "debugsessions"/);
});
