import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { longEnough } from '../support/patience.ts';
import { Dbg } from '../support/cluster/dbg.ts';
import { Stage } from '../support/cluster/stage.ts';

// A start has one kubectl for all its requests (docs/adr/0058): what it does, and that nothing of it is left.

const CTRL_C = '\u0003';

let stage: Stage;
let folder: string;
/** Where the plugin puts the socket. */
let sockets: string;
let calls: string;
let dbg: Dbg;

beforeAll(async () => {
  stage = await Stage.open('plugin-proxy');
  await stage.runningPod('web');
});

afterAll(() => stage.close());

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dbg-'));
  sockets = mkdtempSync(join(folder, 's-'));
  calls = join(folder, 'calls');
  dbg = new Dbg(stage, undefined, { TMPDIR: sockets, KUBECTL: kubectlThat(`echo "$@" >>'${calls}'`) });
});

afterEach(() => {
  dbg.close();
  rmSync(folder, { recursive: true });
});

/** kubectl behind a script. @param first what the script does before */
function kubectlThat(first: string): string {
  const file = join(folder, 'kubectl');
  writeFileSync(file, `#!/bin/sh\n${first}\nexec '${stage.cluster.kubectlPath}' "$@"\n`);
  chmodSync(file, 0o755);
  return file;
}

/** The subcommands that kubectl was called with. */
function verbs(): string[] {
  const lines = readFileSync(calls, 'utf8').trim().split('\n');
  return lines.map((line) => line.split(' ').find((word) => !word.startsWith('-')) ?? '');
}

/** Ids of the processes that have the words in their command line. */
function processesWith(words: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && commandLine(name).includes(words))
    .map(Number);
}

function commandLine(id: string): string {
  try {
    return readFileSync(`/proc/${id}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  const end = AbortSignal.timeout(longEnough());
  while (!holds()) {
    if (end.aborted) throw new Error(`it does not come to this: ${what}`);
    await delay(20);
  }
}

async function untilNothingIsLeft(): Promise<void> {
  await until('no socket folder and no process of it', () => {
    return readdirSync(sockets).length === 0 && processesWith(sockets).length === 0;
  });
}

it('kubectl dbg runs one kubectl for all requests of a start', async () => {
  const { code } = await dbg.run(['web', '--detach', '--', 'true']);
  expect({ code, verbs: verbs() }).toEqual({ code: 0, verbs: ['proxy'] });
  await untilNothingIsLeft();
});

it('kubectl dbg puts the socket in a folder that only its user may enter, and leaves no port open', async () => {
  const terminal = dbg.open(['deploy/none', '--no-target', '--name=private']);
  await terminal.sees(/Waiting: There is no Deployment none/);
  const [name = ''] = readdirSync(sockets);
  expect(statSync(join(sockets, name)).mode & 0o777).toBe(0o700);
  expect(statSync(join(sockets, name, 's')).isSocket()).toBe(true);
  const [proxy = ''] = processesWith(`proxy --unix-socket=${sockets}`).map(commandLineOf);
  expect(proxy).not.toMatch(/--port|--disable-filter|--reject-paths/);
  await terminal.press(CTRL_C, /Cancel it\?/);
  await terminal.press('\r', /Session private is cancelled/);
  await terminal.ended();
  // Ctrl-C was for kubectl dbg alone.
  expect(verbs()).not.toContain('get');
  await untilNothingIsLeft();
});

function commandLineOf(id: number): string {
  return commandLine(String(id));
}

describe('nothing is left of the kubectl of a start', () => {
  it.each([
    ['a command that ended', ['web', '--', 'true'], 0],
    ['a refused session', ['web', '--ttl=0s', '--', 'true'], 1],
    ['a pod that does not exist', ['nobody', '--', 'true'], 1],
    ['a cluster that does not answer', ['web', '--server=https://127.0.0.1:1', '--', 'true'], 1],
  ])('nothing is left after %s', async (_, words, code) => {
    expect(await dbg.run(words)).toMatchObject({ code });
    await untilNothingIsLeft();
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGKILL', 'SIGHUP'] as const)('nothing is left after %s', async (signal) => {
    const name = `by-${signal.toLowerCase()}`;
    const ended = dbg.run(['deploy/none', '--no-target', `--name=${name}`, '--', 'true']);
    await stage.untilPhase(name, 'Pending');
    const started = processesWith(`--name=${name}`);
    expect(started.length).toBeGreaterThan(0);
    for (const id of started) process.kill(id, signal);
    await ended;
    await untilNothingIsLeft();
  });

  it('nothing is left of a credential plugin that waits for its user at a Ctrl-C', async () => {
    const plugin = join(sockets, 'plugin.sh');
    writeFileSync(plugin, "#!/bin/sh\necho 'Open https://login.example and enter ABCD' >&2\nexec sleep 1000000\n");
    chmodSync(plugin, 0o755);
    const kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, readFileSync(stage.cluster.kubeconfig ?? ''));
    const version = 'client.authentication.k8s.io/v1';
    const exec = [`--exec-command=${plugin}`, `--exec-api-version=${version}`, '--exec-interactive-mode=IfAvailable'];
    const { code } = await stage.kubectl(['config', `--kubeconfig=${kubeconfig}`, 'set-credentials', 'waits', ...exec]);
    expect(code).toBe(0);
    const terminal = dbg.open(['web', `--kubeconfig=${kubeconfig}`, '--user=waits']);
    await terminal.sees(/Open https:\/\/login\.example and enter ABCD/);
    const waiting = processesWith('sleep 1000000').filter((id) => parentIsIn(id, processesWith('kubectl')));
    expect(waiting).toHaveLength(1);
    await terminal.press(CTRL_C, /./);
    await terminal.ended();
    await until('the plugin is gone', () => !processesWith('sleep 1000000').includes(waiting[0] ?? 0));
    rmSync(plugin);
    await untilNothingIsLeft();
  });
});

function parentIsIn(id: number, parents: readonly number[]): boolean {
  const stat = readFileSync(`/proc/${id}/stat`, 'utf8');
  return parents.includes(Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
}

it('kubectl dbg runs a kubectl for each request where kubectl cannot serve', async () => {
  const alone = new Dbg(stage, undefined, {
    TMPDIR: sockets,
    KUBECTL: kubectlThat(`echo "$@" >>'${calls}'\ncase "$*" in *--unix-socket*) exit 1;; esac`),
  });
  const outcome = await alone.run(['web', '--', 'echo', 'hello']);
  alone.close();
  expect(outcome).toMatchObject({ code: 0, stdout: 'hello\n' });
  expect(verbs()).toEqual(expect.arrayContaining(['proxy', 'get', 'create', 'logs']));
  await untilNothingIsLeft();
});

it('kubectl dbg runs a kubectl for each request where those have a limit', async () => {
  const outcome = await dbg.run(['web', '--request-timeout=60s', '--', 'echo', 'hello']);
  expect(outcome).toMatchObject({ code: 0, stdout: 'hello\n' });
  expect(verbs()).not.toContain('proxy');
});

it('kubectl dbg goes on by itself when its kubectl is killed', async () => {
  const terminal = dbg.open(['deploy/none', '--no-target', '--name=bereft']);
  await terminal.sees(/Waiting: There is no Deployment none/);
  for (const id of processesWith(`proxy --unix-socket=${sockets}`)) {
    if (!commandLineOf(id).startsWith('sh ')) process.kill(id, 'SIGKILL');
  }
  await stage.kubectl(['patch', 'dbg', 'bereft', '--type=merge', '--patch={"spec":{"cancel":true}}']);
  await terminal.sees(/Session bereft is cancelled/);
  await terminal.ended();
  await untilNothingIsLeft();
});
