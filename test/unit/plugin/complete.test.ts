import { describe, expect, it } from '@jest/globals';
import { candidates, connectionIn, type Wanted, wantedAt } from '../../../src/plugin/complete.ts';
import type { Kubectl } from '../../../src/plugin/kubectl.ts';
import { program } from '../../../src/plugin/program.ts';

const root = program({
  desk: () => {
    throw new Error('what is wanted is known without a cluster');
  },
  command: undefined,
  done: () => undefined,
});

/** What a line wants, of which the last word is being typed. */
function wanted(line: string): Wanted[] {
  const words = line.split(' ');
  return wantedAt(root, { before: words.slice(0, -1), typed: words.at(-1) ?? '' });
}

const SESSIONS = { kind: 'names', resource: 'debugsessions.debugsession.dev' };

describe('wantedAt', () => {
  it.each<[string, object[]]>([
    ['deploy/', [{ kind: 'names', resource: 'deployments.apps', prefix: 'deploy/' }]],
    ['service/', []],
    ['start w', [{ kind: 'words' }, { kind: 'names', resource: 'pods' }]],
    ['triage w', [{ kind: 'words' }, { kind: 'names', resource: 'pods' }]],
    ['triage deploy/', [{ kind: 'names', resource: 'deployments.apps', prefix: 'deploy/' }]],
    ['triage web ', []],
    ['web -c ', [{ kind: 'containers', pod: 'web' }]],
    ['start pod/web --target ', [{ kind: 'containers', pod: 'web' }]],
    ['deploy/web -c ', []],
    ['web --profile ', [{ kind: 'words', words: expect.arrayContaining(['netadmin']) }]],
    ['web --policy ', [{ kind: 'names', resource: 'debugpolicies.debugsession.dev' }]],
    ['web --image ', []],
    ['web ', []],
    ['web -- l', []],
    ['-n shop show ', [SESSIONS]],
    ['show a ', []],
    ['rm a ', [SESSIONS]],
    ['ls --output ', [{ kind: 'words', words: ['json', 'yaml', 'name'] }]],
    ['check ', [{ kind: 'files' }]],
    ['-f ', [{ kind: 'files' }]],
    ['ls -n ', [{ kind: 'names', resource: 'namespaces' }]],
  ])('wantedAt knows what completes the line %j', (line, expected) => {
    expect(wanted(line)).toEqual(expected.map((one) => expect.objectContaining(one)));
  });

  it('wantedAt offers verbs, types and pods at the beginning, and then the flags of the verb', () => {
    const [words, pods] = wanted('');
    expect(words).toMatchObject({ words: expect.arrayContaining(['ls', 'show', 'deployment/']) });
    expect(pods).toEqual({ kind: 'names', resource: 'pods' });
    const [flags] = wanted('ls --');
    expect(flags).toMatchObject({ words: expect.arrayContaining(['--all-users', '--context']) });
    expect(JSON.stringify(flags)).not.toContain('--image');
  });
});

it('connectionIn reads the cluster of an unfinished line', () => {
  const before = [
    '-n',
    'shop',
    'show',
    '--context=east',
    '--as-group',
    'a',
    '--as-group=b',
    '--insecure-skip-tls-verify',
  ];
  expect(connectionIn([...before, '--', '--as=eve'])).toEqual({
    namespace: 'shop',
    context: 'east',
    'as-group': ['a', 'b'],
    'insecure-skip-tls-verify': true,
  });
});

it('the completion offers the names that begin with the word, and no name that Kubernetes cannot have', async () => {
  const stdout = 'web-2\nweb-1\n$(reboot)\nother\n';
  const kubectl = { call: async () => ({ kind: 'done', stdout }) } as unknown as Kubectl;
  expect(await candidates(kubectl, [{ kind: 'names', resource: 'pods' }], 'web')).toEqual(['web-1', 'web-2']);
  const prefixed: Wanted[] = [{ kind: 'names', resource: 'deployments.apps', prefix: 'deploy/' }];
  expect(await candidates(kubectl, prefixed, 'deploy/o')).toEqual(['deploy/other']);
  const refusing = { call: async () => ({ kind: 'refused' }) } as unknown as Kubectl;
  expect(await candidates(refusing, prefixed, '')).toEqual([]);
});
