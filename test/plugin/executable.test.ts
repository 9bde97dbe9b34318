import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { buildExecutable } from '../../scripts/plugin-executable.ts';
import { VERSION } from '../../src/version.ts';
import { run } from '../cluster/run-program.ts';
import { Dbg } from '../support/cluster/dbg.ts';
import { Stage } from '../support/cluster/stage.ts';

let stage: Stage;
let dbg: Dbg;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kubectl-dbg-executable-'));
  const file = await buildExecutable(folder);
  symlinkSync(file, join(folder, 'kubectl-dbg'));
  stage = await Stage.open('plugin-executable');
  await stage.runningPod('web');
  const { kubectlPath } = stage.cluster;
  const kubectl = kubectlPath.includes('/') ? [dirname(kubectlPath)] : [];
  // Not the folder of the Node that runs this test.
  const PATH = [folder, ...kubectl, '/usr/local/bin', '/usr/bin', '/bin'].join(delimiter);
  dbg = new Dbg(stage, undefined, { PATH, NODE_OPTIONS: '' });
}, 180_000);

afterAll(async () => {
  dbg.close();
  await stage.close();
  rmSync(folder, { recursive: true });
});

it('the executable is what its checksum says, and says its version', async () => {
  const sums = await run(['sh', '-c', 'cd "$1" && sha256sum -c *.sha256', '-', folder], { timeoutMs: 30_000 });
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
