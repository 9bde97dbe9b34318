import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { buildExecutable } from '../../scripts/plugin-executable.ts';
import { VERSION } from '../../src/version.ts';
import { run } from '../cluster/run-program.ts';
import { Dbg } from '../support/cluster/dbg.ts';
import { Stage } from '../support/cluster/stage.ts';

/** Runs programs of arm64 on another processor; the second folder has their libraries (Debian's packages). */
const EMULATOR = ['/usr/bin/qemu-aarch64-static', '-L', '/usr/aarch64-linux-gnu'] as const;
const canEmulate = existsSync(EMULATOR[0]) && existsSync(EMULATOR[2]);
/** e_machine of an ELF file, https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html. */
const AARCH64 = 183;

let stage: Stage;
let dbg: Dbg;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kubectl-dbg-executable-'));
  const file = await buildExecutable(folder);
  symlinkSync(file, join(folder, 'kubectl-dbg'));
  stage = await Stage.open('plugin-executable');
  await stage.runningPod('web');
  dbg = byExecutable(folder);
});

afterAll(async () => {
  dbg.close();
  await stage.close();
  rmSync(folder, { recursive: true });
});

/** Somebody whose plugin is the executable in this folder, without the Node that runs this test. */
function byExecutable(plugins: string): Dbg {
  const { kubectlPath } = stage.cluster;
  const kubectl = kubectlPath.includes('/') ? [dirname(kubectlPath)] : [];
  const PATH = [plugins, ...kubectl, '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter);
  return new Dbg(stage, undefined, { PATH, NODE_OPTIONS: '' });
}

it('the executable is what its checksum says, and says its version', async () => {
  const sums = await run(['sh', '-c', 'cd "$1" && sha256sum -c *.sha256', '-', folder]);
  expect(sums).toMatchObject({ code: 0, stdout: expect.stringMatching(/^kubectl-dbg-linux-\w+: OK\n$/) });
  expect(await dbg.run(['--version'])).toMatchObject({ code: 0, stdout: `${VERSION}\n`, stderr: '' });
});

it('the executable starts a session, gives its terminal, and exits with its exit code', async () => {
  const terminal = dbg.open(['web', '--name=by-executable']);
  await terminal.sees(/Session by-executable runs/);
  await terminal.run('', /[#$] /);
  await terminal.run('word=in; echo "it is $word"', /it is in/);
  terminal.type('exit 7');
  expect(await terminal.ended()).toMatch(/Session by-executable is completed/);
  expect(await terminal.exitCode()).toBe(7);
  const listed = await dbg.run(['ls', '-o', 'name']);
  expect(listed).toMatchObject({ code: 0, stdout: 'debugsession.debugsession.dev/by-executable\n' });
});

it('the executable has the resources and policies of its release in it', async () => {
  const { stdout } = await dbg.run(['doctor']);
  expect(stdout).toMatch(/^ok {7}resources +debugsession\.dev\/v1alpha1 is served, with all fields of this plugin$/m);
  expect(stdout).toMatch(/^ok {7}policy debugsession-guard /m);
});

describe('the executable for arm64', () => {
  let arm: string;

  beforeAll(async () => {
    arm = join(folder, 'arm64');
    await buildExecutable(arm, 'arm64');
  });

  it('the executable for arm64 is for that processor, and is what its checksum says', async () => {
    const sums = await run(['sh', '-c', 'cd "$1" && sha256sum -c *.sha256', '-', arm]);
    expect(sums).toMatchObject({ code: 0, stdout: 'kubectl-dbg-linux-arm64: OK\n' });
    expect(readFileSync(join(arm, 'kubectl-dbg-linux-arm64')).readUInt16LE(18)).toBe(AARCH64);
  });

  (canEmulate ? it : it.skip)('the executable for arm64 lists sessions in an emulator', async () => {
    await stage.createSession('by-arm64', { target: { podName: 'web' }, command: ['true'] });
    const words = [...EMULATOR, join(arm, 'kubectl-dbg-linux-arm64')].map((word) => `'${word}'`).join(' ');
    writeFileSync(join(arm, 'kubectl-dbg'), `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
    const emulated = byExecutable(arm);
    const listed = await emulated.run(['ls', '-o', 'name']);
    emulated.close();
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringContaining('/by-arm64\n') });
  });
});
