import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { repositoryPath } from '../../support/documents/crd.ts';

function run(args: string[], input: string | Buffer = '') {
  const main = join(import.meta.dirname, '../../../src/cli/policy-main.ts');
  // Jest's own options are not for the program.
  const env = { ...process.env, NODE_OPTIONS: '' };
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { input, env, encoding: 'utf8' });
  return { status, stdout, stderr };
}

const session =
  'apiVersion: debugsession.dev/v1alpha1\nkind: DebugSession\nmetadata: {name: a}\nspec: {target: {podName: web}, image: busybox}\n';

/** All that is said of a command line. */
function usage(fault: string): RegExp {
  return new RegExp(`^error: ${fault.replace(/[.?*[\]\\]/g, '\\$&')}\nTry --help\\.\n$`);
}

describe('the policy program', () => {
  it('the policy program ends with 0 when all sessions are allowed, and says what it left open', () => {
    expect(run(['check', repositoryPath('config/policy/default-policy.yaml'), '-'], session)).toEqual({
      status: 0,
      stdout: 'default/a: allowed by default\n',
      stderr: 'not judged: who may use the policy; limits; pods that were not given (default/web)\n',
    });
  });

  it.each([
    ['check', '-n', 'kube-system', '-'],
    ['check', '--namespace', 'kube-system', '-'],
    ['check', '-', '--namespace=kube-system'],
  ])('the policy program ends with 1 when a session is refused: %s %s %s', (...args) => {
    const { status, stdout } = run(args, session);
    expect(status).toBe(1);
    expect(stdout).toMatch(/^kube-system\/a: refused by default \(built in\):\n {2}the system namespace .*\n$/);
  });

  it('the policy program ends with 1 when a policy was not given', () => {
    const { status, stdout } = run(['check', '-'], session.replace('spec: {', 'spec: {policyName: nope, '));
    expect({ status, stdout }).toEqual({
      status: 1,
      stdout: 'default/a: cannot be judged: DebugPolicy nope was not given\n',
    });
  });

  it('the policy program explains its use by --help', () => {
    expect(run(['check', '--help'])).toEqual({ status: 0, stdout: expect.stringMatching(/^Says what/), stderr: '' });
  });

  it.each([
    ['a file that is not there', ['check', '/none\u001b[31m'], '', /^error: \/none \[31m: there is no such file\n$/],
    ['20 MB', ['check', '-'], Buffer.alloc(20 * 1024 * 1024, '#'), /^error: standard input: more than 10 MiB\n$/],
    ['what is not UTF-8', ['check', '-'], Buffer.from([0x61, 0xff]), /^error: standard input: is not UTF-8 text\n$/],
    [
      'a broken session',
      ['check', '-'],
      `${session}x: 1`,
      /^error: standard input: document 1, line 5: x: unknown field\n$/,
    ],
    ['a folder', ['check', '/'], '', /^error: \/: is a folder: name a file\n$/],
    ['no command', [], '', usage('the command is missing: check FILE...')],
    ['another command', ['chekc', '-'], '', usage('unknown command "chekc", the only one is check')],
    ['no file', ['check'], '', usage('FILE is missing: name one or more, or - for standard input')],
    ['an unknown option', ['check', '--foo', '-'], '', usage('unknown option "--foo"')],
    [
      'an option with a typing error',
      ['check', '--namspace=shop', '-'],
      '',
      usage('unknown option "--namspace", did you mean --namespace?'),
    ],
    ['an option that forges a line', ['check', '--\u001b[2J\nx', '-'], '', usage('unknown option "--\\u001b[2J\\nx"')],
    ['no namespace', ['check', '-', '-n'], '', usage('--namespace needs the name of a namespace')],
    [
      'what is no namespace',
      ['check', '--namespace', 'UPPER', '-'],
      '',
      usage('--namespace must be the name of a namespace, not "UPPER"'),
    ],
    ['standard input twice', ['check', '-', '-'], '', usage('- can be read only once')],
  ])('the policy program ends with 2 and an empty output for %s', (_, args, input, stderr) => {
    expect(run(args, input)).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(stderr) });
  });
});
