import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { packPlugin } from '../../../scripts/plugin.ts';

// The verbs that need no cluster, out of the one file that people get, from a folder in which nothing else is.

let folder: string;
let file: string;
let packed: Awaited<ReturnType<typeof packPlugin>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kubectl-dbg-files-'));
  packed = await packPlugin(folder);
  file = join(folder, 'kubectl-dbg');
});

afterAll(() => rmSync(folder, { recursive: true }));

function dbg(
  words: readonly string[],
  input: string | Buffer = '',
): { code: number | null; stdout: string; stderr: string } {
  const env = { ...process.env, NODE_OPTIONS: '', KUBECTL: '/nowhere/kubectl' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...words], {
    cwd: folder,
    env,
    input,
    encoding: 'utf8',
  });
  return { code: status, stdout, stderr };
}

const SESSION = `apiVersion: debugsession.dev/v1alpha1
kind: DebugSession
metadata: {name: look}
spec: {target: {podName: web}, image: IMAGE}
`;

describe('check', () => {
  it('kubectl dbg check judges a session by the built-in policy in the named namespace', () => {
    const given = SESSION.replace('IMAGE', 'busybox').replaceAll('\n', '\r\n');
    expect(dbg(['check', '-', '-n', 'shop'], given)).toMatchObject({
      code: 0,
      stdout: 'shop/look: allowed by default (built in)\n',
      stderr: expect.stringMatching(/^not judged: who may use the policy; limits/),
    });
  });

  it('kubectl dbg check prints every reason for a refusal and exits with 1', () => {
    writeFileSync(join(folder, 'session.yaml'), SESSION.replace('IMAGE', 'evil'));
    const { code, stdout } = dbg(['check', 'session.yaml']);
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^default\/look: refused by default \(built in\):\n {2}image docker\.io\/library\/evil:latest/,
    );
  });

  it.each([
    ['a field that there is not', ['check', '-'], SESSION.replace('image', 'imag'), /spec\.imag.*did you mean image\?/],
    ['a file that there is not', ['check', 'nowhere.yaml'], '', /nowhere\.yaml: there is no such file/],
    ['a name that forges a line', ['check', '/none\u001b[31m'], '', /^[^\n]*\/none \[31m: there is no such file\n/],
    ['a folder', ['check', '/'], '', /\/: is a folder: name a file/],
    ['20 MB', ['check', '-'], Buffer.alloc(20 * 1024 * 1024, '#'), /standard input: more than 10 MiB/],
    ['what is not UTF-8', ['check', '-'], Buffer.from([0x61, 0xff]), /standard input: is not UTF-8 text/],
    ['no file', ['check'], '', /missing required argument/],
    ['a flag with a typing error', ['check', '--namspace=shop', '-'], '', /unknown option '--namspace=shop'/],
    ['standard input twice', ['check', '-', '-'], '', /- can be read only once/],
    ['no namespace', ['check', '-', '-n', 'A b'], SESSION, /--namespace must be the name of a namespace/],
    ['a command', ['check', '-', '--', 'ls'], SESSION, /check takes no command/],
  ])('kubectl dbg check exits with 2 and explains a wrong use: %s', (_, words, input, said) => {
    const { code, stdout, stderr } = dbg(words, input);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(said);
  });
});

it('kubectl dbg check exits with 1 if a policy was not given', () => {
  const given = SESSION.replace('IMAGE', 'busybox').replace('spec: {', 'spec: {policyName: nope, ');
  expect(dbg(['check', '-'], given)).toMatchObject({
    code: 1,
    stdout: 'default/look: cannot be judged: DebugPolicy nope was not given\n',
  });
});

it.each([
  ['a file that is not there', ['convert', '/none'], '', /\/none: there is no such file/],
  ['another kind', ['convert', '-'], 'kind: Pod\n', /standard input: document 1, line 1: wants /],
  ['what is too large', ['convert', '-'], Buffer.alloc(10 * 1024 * 1024 + 1, '#'), /more than 10 MiB/],
  ['no file', ['convert'], '', /missing required argument/],
  ['two files', ['convert', 'a', 'b'], '', /too many arguments/],
])('kubectl dbg convert exits with 2 and writes nothing for %s', (_, words, input, said) => {
  const { code, stdout, stderr } = dbg(words, input);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(said);
});

it('kubectl dbg convert writes sessions, and says which fields it left out', () => {
  const legacy = {
    apiVersion: 'v1',
    kind: 'EphemeralContainers',
    metadata: { name: 'web-0' },
    ephemeralContainers: [{ name: 'debugger', image: 'busybox:1.36', stdin: true, stdinOnce: true }],
  };
  const { code, stdout, stderr } = dbg(['convert', '-'], JSON.stringify(legacy));
  expect(code).toBe(1);
  expect(stdout).toContain('name: web-0-debugger');
  expect(stderr).toMatch(/^left out: standard input: .*stdinOnce/m);
});

it('kubectl dbg prints its help and version without a cluster', () => {
  expect(dbg(['--version'])).toEqual({ code: 0, stdout: '0.1.0\n', stderr: '' });
  expect(dbg(['--help'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: kubectl dbg \(POD/) });
  expect(dbg(['ls', '--help'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Usage: kubectl dbg ls/) });
});

it('the plugin archive holds its licences, and the manifest of krew names the checksum of the archive', () => {
  const { stdout } = spawnSync('tar', ['-tzf', packed.archive], { encoding: 'utf8' });
  const manifest = parse(readFileSync(packed.manifest, 'utf8')) as {
    metadata: { name: string };
    spec: { platforms: { sha256: string; bin: string; files: { from: string }[] }[] };
  };
  const sha256 = createHash('sha256').update(readFileSync(packed.archive)).digest('hex');
  expect(manifest.metadata.name).toBe('dbg');
  expect(manifest.spec.platforms.length).toBeGreaterThan(0);
  for (const platform of manifest.spec.platforms) {
    expect(platform).toMatchObject({ sha256, bin: 'kubectl-dbg' });
    expect(stdout.trim().split('\n')).toEqual(platform.files.map(({ from }) => from));
  }
  expect(readFileSync(join(folder, 'kubectl-dbg.LICENSES.txt'), 'utf8')).toMatch(/^commander\n\n\(The MIT License\)/m);
});
