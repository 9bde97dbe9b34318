import { describe, expect, it } from '@jest/globals';
import { CONNECTION_FLAGS, connectionArguments } from '../../../src/plugin/connection-flags.ts';
import { splitCommand } from '../../../src/plugin/program.ts';
import { readSessionOptions } from '../../../src/plugin/session-options.ts';
import { readTarget } from '../../../src/plugin/target-reference.ts';

describe('readTarget', () => {
  const workload = (apiVersion: string, kind: string, name: string): object => ({
    kind: 'target',
    target: { workloadRef: { apiVersion, kind, name } },
  });
  it.each([
    ['web', { kind: 'target', target: { podName: 'web' } }],
    ['pod/web', { kind: 'target', target: { podName: 'web' } }],
    ['po/web.7c9f', { kind: 'target', target: { podName: 'web.7c9f' } }],
    ['deploy/checkout', workload('apps/v1', 'Deployment', 'checkout')],
    ['Deployment.apps/checkout', workload('apps/v1', 'Deployment', 'checkout')],
    ['sts/db', workload('apps/v1', 'StatefulSet', 'db')],
    ['ds/agent', workload('apps/v1', 'DaemonSet', 'agent')],
    ['rs/web-7c9f', workload('apps/v1', 'ReplicaSet', 'web-7c9f')],
    ['job/import', workload('batch/v1', 'Job', 'import')],
  ])('readTarget understands %s', (text, expected) => {
    expect(readTarget(text)).toEqual(expected);
  });

  it.each([
    ['deplyo/checkout', 'did you mean deploy/checkout?'],
    ['service/web', 'is not a target'],
    ['deploy/a/b', 'is not a target'],
    ['constructor/web', 'is not a target'],
    ['Web', 'is not a name of a Pod'],
    ['', 'is not a name of a Pod'],
    ['deploy/', 'is not a name of a Deployment'],
    ['web\u001b[31m', 'is not a name of a Pod'],
  ])('readTarget refuses %j', (text, said) => {
    const read = readTarget(text);
    expect(read).toMatchObject({ kind: 'fault', fault: expect.stringContaining(said) });
    expect(JSON.stringify(read)).not.toContain('\\u001b');
  });
});

describe('readSessionOptions', () => {
  it('readSessionOptions sets no field without flags', () => {
    expect(readSessionOptions({})).toEqual({ spec: {}, faults: [] });
  });

  it('readSessionOptions turns every flag into its field', () => {
    const { spec, faults } = readSessionOptions({
      image: 'alpine:3',
      ttl: '1h30m',
      profile: 'NetAdmin',
      policy: 'production',
      reason: 'INC-4711',
      env: ['A=1', 'B=x=y', 'C='],
      attacher: ['user:olga', 'group:team-shop', 'sa:ci/robot', 'serviceaccount:robot'],
      asUser: '1000:2000',
      volume: ['data:/data', 'conf:/etc/conf:ro'],
      supervisor: 'none',
      tty: true,
      command: ['bash', '-l'],
    });
    expect(faults).toEqual([]);
    expect(spec).toEqual({
      image: 'alpine:3',
      ttl: '1h30m',
      profile: 'netadmin',
      policyName: 'production',
      justification: 'INC-4711',
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: 'x=y' },
        { name: 'C', value: '' },
      ],
      attachers: [
        { kind: 'User', name: 'olga' },
        { kind: 'Group', name: 'team-shop' },
        { kind: 'ServiceAccount', name: 'robot', namespace: 'ci' },
        { kind: 'ServiceAccount', name: 'robot' },
      ],
      securityContext: { runAsUser: 1000, runAsGroup: 2000 },
      volumeMounts: [
        { name: 'data', mountPath: '/data' },
        { name: 'conf', mountPath: '/etc/conf', readOnly: true },
      ],
      supervisor: 'None',
      stdin: true,
      tty: true,
      command: ['bash', '-l'],
    });
  });

  it('readSessionOptions names every faulty flag, and shows no value of a variable', () => {
    const { faults } = readSessionOptions({
      image: ' ',
      ttl: '1.5h',
      profile: 'resticted',
      env: ['PASSWORD hunter2'],
      attacher: ['olga'],
      asUser: 'root',
      volume: ['data'],
      supervisor: 'sh',
    });
    expect(faults).toEqual([
      '--image is empty',
      '--ttl must be a duration such as 45s, 30m or 1h30m, not "1.5h"',
      '--profile "resticted" is not known: did you mean restricted?',
      '--supervisor "sh" is not known: known are Shell, None',
      '--env must be NAME=VALUE; one of them is not',
      '--attacher must be user:NAME, group:NAME or serviceaccount:[NAMESPACE/]NAME, not "olga"',
      '--volume must be VOLUME:PATH or VOLUME:PATH:ro, not "data"',
      '--as-user must be UID or UID:GID in numbers, not "root"',
    ]);
  });
});

it('readSessionOptions says what to do in place of -it', () => {
  expect(readSessionOptions({ image: 't' }).faults).toEqual([
    '-it asks for the image t: leave it out for a shell; for a command say --tty',
  ]);
});

it('splitCommand takes all words behind the first -- for the command', () => {
  expect(splitCommand(['web', '-n', 'shop', '--', 'ss', '-n', '--', 'x'])).toEqual({
    words: ['web', '-n', 'shop'],
    command: ['ss', '-n', '--', 'x'],
  });
  expect(splitCommand(['web'])).toEqual({ words: ['web'] });
});

it('connectionArguments hands on the connection flags unchanged', () => {
  const given = { namespace: 'shop', as: 'dana', 'as-group': ['a', 'b'], 'insecure-skip-tls-verify': true } as const;
  expect(connectionArguments(given)).toEqual([
    '--namespace=shop',
    '--as=dana',
    '--as-group=a',
    '--as-group=b',
    '--insecure-skip-tls-verify',
  ]);
  expect(new Set(CONNECTION_FLAGS.map(({ long }) => long)).size).toBe(CONNECTION_FLAGS.length);
});
