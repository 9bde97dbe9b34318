import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'convert-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(args: string[], input: string | Buffer = '') {
  const main = join(import.meta.dirname, '../../../src/cli/convert-main.ts');
  // Jest's own options are not for the program.
  const env = { ...process.env, NODE_OPTIONS: '' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { input, env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

const good =
  'apiVersion: v1\nkind: EphemeralContainers\nmetadata: {name: p}\nephemeralContainers: [{name: d, image: i, command: [sh]}]\n';

/** All that is said of a command line. */
function usage(fault: string): RegExp {
  return new RegExp(`^error: ${fault.replace(/[.?*[\]\\]/g, '\\$&')}\nTry --help\\.\n$`);
}

describe('the convert program', () => {
  it('the convert program ends with 0 when it converted every field', () => {
    const file = join(folder, 'a.yaml');
    writeFileSync(file, good);
    expect(run([file])).toEqual({ status: 0, stdout: expect.stringContaining('name: p-d\n'), stderr: '' });
  });

  it('the convert program reads standard input as -, and ends with 1 when it left fields out', () => {
    const result = run(['-'], good.replace('image: i', 'image: i, ports: [1]'));
    expect(result).toEqual({
      status: 1,
      stdout: expect.stringContaining('kind: DebugSession'),
      stderr: expect.stringMatching(
        /^left out: standard input: document 1, line 4: ephemeralContainers\[0\]\.ports: .*\n$/,
      ),
    });
  });

  it('the convert program explains its use by --help', () => {
    expect(run(['-', '--help'])).toEqual({ status: 0, stdout: expect.stringMatching(/^Turns/), stderr: '' });
  });

  it.each([
    ['a file that is not there', ['/none\u001b[31m'], '', /^error: \/none \[31m: there is no such file\n$/],
    ['a folder', ['/'], '', /^error: \/: is a folder: name a file\n$/],
    ['what is not UTF-8', ['-'], Buffer.from([0x61, 0xff]), /^error: standard input: is not UTF-8 text\n$/],
    [
      'what is too large',
      ['-'],
      Buffer.alloc(10 * 1024 * 1024 + 1, '#'),
      /^error: standard input: more than 10 MiB\n$/,
    ],
    [
      'what is no such document',
      ['-'],
      `${good}---\nkind: Pod\n`,
      /^error: standard input: document 2, line 6: wants .*\n$/,
    ],
    ['no file', [], '', usage('FILE is missing: name one, or - for standard input')],
    ['two files', ['a', 'b'], '', usage('one FILE is read at a time, not 2')],
    ['an unknown option', ['--foo', '-'], '', usage('unknown option "--foo"')],
    ['an option that forges a line', ['--\u001b[2J\nx'], '', usage('unknown option "--\\u001b[2J\\nx"')],
  ])('the convert program ends with 2 and an empty output for %s', (_, args, input, stderr) => {
    expect(run(args, input)).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(stderr) });
  });
});
