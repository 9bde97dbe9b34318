import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DebugSessionSpec } from '../../src/api/debugsession.ts';
import { nameOf } from '../support/cluster/ending.ts';
import { Person } from '../support/cluster/person.ts';
import { Stage } from '../support/cluster/stage.ts';

// Nobody asks in another's name. Each test is named after the attack, or after what must not be taken for one.

let stage: Stage;
let dana: Person;
let eve: Person;

const NOT_YOU = /spec\.requestedBy must be who asks, eve with all groups/;
const NEVER_CHANGES = /spec\.requestedBy is who asked for this attempt and never changes/;
const NOT_YOURS = /this session is dana's: others may set cancel to true, lower ttl, or raise attempt/;

beforeAll(async () => {
  stage = await Stage.open('identity', { operator: false });
  [dana, eve] = await Promise.all([
    Person.whoMayAsk(stage, 'dana', ['devs', 'oncall']),
    Person.whoMayAsk(stage, 'eve', ['devs']),
  ]);
});

afterAll(() => stage.close());

function manifest(name: string, spec: Partial<DebugSessionSpec> = {}): object {
  const target = { podName: 'web' };
  const kind = { apiVersion: 'debugsession.dev/v1alpha1', kind: 'DebugSession' };
  return { ...kind, metadata: { name }, spec: { target, image: 'busybox:1.36', ttl: '10m', ...spec } };
}

/** A session of Dana's. */
async function ofDana(name: string, spec: object = {}): Promise<string> {
  expect(await dana.create(manifest(name, spec))).toMatchObject({ code: 0 });
  return name;
}

async function requesterOf(name: string): Promise<unknown> {
  return (await stage.session(name)).spec.requestedBy;
}

/** What the operator would have written of an attempt that has started, and of one before it. */
async function hasRun(name: string, attempt: number, ttl: string): Promise<void> {
  const effective = { pendingTimeout: '10m', startTimeout: '2m', profile: 'general', supervisor: 'Shell' };
  const run = { ...effective, stdin: false, tty: false };
  const runs = [
    { attempt: 1, state: 'Ended', effective: { ...run, ttl: '4h' } },
    { attempt, state: 'Running', effective: { ...run, ttl } },
  ];
  const status = JSON.stringify({ status: { phase: 'Running', attempt, runs } });
  const args = ['patch', 'dbg', name, '--subresource=status', '--type=merge', `--patch=${status}`];
  expect(await stage.kubectl(args)).toMatchObject({ code: 0 });
}

const AS_DANA = { username: 'dana', groups: ['devs', 'oncall', 'system:authenticated'] };

describe('sessions without a requester', () => {
  it.each(['apply', 'apply --server-side', 'replace', 'create'])(
    'a session without requestedBy gets its requester through kubectl %s, and again',
    async (command) => {
      const name = `left-out-${nameOf(command)}`;
      const input = JSON.stringify(manifest(name));
      const again = command === 'create' ? 'apply' : command;
      if (command === 'replace') await ofDana(name);
      for (const words of [command, again, again]) {
        const outcome = await dana.kubectl([...words.split(' '), '-f', '-'], input);
        expect(outcome.code).toBe(0);
      }
      expect(await requesterOf(name)).toEqual(AS_DANA);
    },
  );

  it('the requester stays when another account syncs the same manifest again', async () => {
    const name = await ofDana('synced');
    for (const args of [[], ['--server-side', '--force-conflicts']])
      expect(await eve.apply(manifest(name), ...args)).toMatchObject({ code: 0 });
    expect(await requesterOf(name)).toEqual(AS_DANA);
  });

  it('the requester changes to the user who raises the attempt', async () => {
    const name = await ofDana('raised');
    expect(await eve.patch(name, { spec: { attempt: 2 } })).toMatchObject({ code: 0 });
    expect(await requesterOf(name)).toEqual({ username: 'eve', groups: ['devs', 'system:authenticated'] });
  });
});

describe('a forged identity', () => {
  it.each<[string, object]>([
    ['another name', { username: 'dana' }],
    ['the own name with a group more', { username: 'eve', groups: ['devs', 'system:authenticated', 'oncall'] }],
    ['the own name without the groups', { username: 'eve' }],
    ['the own name with another uid', { username: 'eve', uid: '0', groups: ['devs', 'system:authenticated'] }],
    [
      'the own name with more than the authenticator says',
      { username: 'eve', groups: ['devs', 'system:authenticated'], extra: { scopes: ['all'] } },
    ],
    ['a service account', { username: 'system:serviceaccount:kube-system:default' }],
    ['the name in another case', { username: 'Eve', groups: ['devs', 'system:authenticated'] }],
    ['the name with a blank', { username: 'eve ', groups: ['devs', 'system:authenticated'] }],
  ])('the API server refuses a new session with %s', async (_words, requestedBy) => {
    const outcome = await eve.create(manifest('forged', { requestedBy } as Partial<DebugSessionSpec>));
    expect(outcome).toMatchObject({ code: 1, stderr: expect.stringMatching(NOT_YOU) });
  });

  it.each<[string, string[]]>([
    ['apply', ['apply', '-f', '-']],
    ['server-side apply', ['apply', '--server-side', '-f', '-']],
  ])('the API server refuses a forged requester through %s', async (_words, args) => {
    const input = JSON.stringify(manifest('forged', { requestedBy: { username: 'dana' } }));
    expect(await eve.kubectl(args, input)).toMatchObject({ code: 1, stderr: expect.stringMatching(NOT_YOU) });
  });

  it('the true requester replaces a forged requester when the attempt is raised', async () => {
    const name = await ofDana('overwritten');
    const spec = { attempt: 2, requestedBy: { username: 'dana', groups: AS_DANA.groups } };
    expect(await eve.patch(name, { spec })).toMatchObject({ code: 0 });
    expect(await requesterOf(name)).toMatchObject({ username: 'eve' });
  });

  it('the API server refuses an empty username', async () => {
    const outcome = await eve.create(manifest('empty', { requestedBy: { username: '' } }));
    expect(outcome).toMatchObject({ code: 1, stderr: expect.stringMatching(/requestedBy\.username/) });
  });

  it('the requester of an impersonating user is the impersonated user', async () => {
    await new Person(stage, 'dana', ['devs']).create(manifest('impersonated'));
    expect(await requesterOf('impersonated')).toEqual({ username: 'dana', groups: ['devs', 'system:authenticated'] });
  });
});

describe('the identity of an existing session', () => {
  it.each<[string, object]>([
    ['is not taken over', { spec: { requestedBy: { username: 'eve', groups: ['devs', 'system:authenticated'] } } }],
    ['is not given away', { spec: { requestedBy: { username: 'mallory' } } }],
  ])('the identity of a session %s by a patch, not even by the requester', async (words, patch) => {
    const name = await ofDana(`there-${nameOf(words)}`);
    for (const person of [eve, dana])
      expect(await person.patch(name, patch)).toMatchObject({ code: 1, stderr: expect.stringMatching(NEVER_CHANGES) });
    expect(await requesterOf(name)).toEqual(AS_DANA);
  });

  it('the requester is there again after a user has removed it', async () => {
    const name = await ofDana('taken-off');
    const args = ['patch', 'dbg', name, '--type=json', '--patch=[{"op":"remove","path":"/spec/requestedBy"}]'];
    expect(await eve.kubectl(args)).toMatchObject({ code: 0 });
    expect(await requesterOf(name)).toEqual(AS_DANA);
  });

  it('the requester cannot be changed through the status', async () => {
    const name = await ofDana('through-status');
    const args = ['patch', 'dbg', name, '--subresource=status', '--type=merge'];
    const patch = JSON.stringify({
      status: { runs: [{ attempt: 1, state: 'Running', requestedBy: { username: 'eve' } }] },
    });
    expect(await eve.kubectl([...args, `--patch=${patch}`])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/forbidden/),
    });
  });

  it('a session that is made again under the old name has a new requester', async () => {
    const name = await ofDana('again');
    expect(await eve.kubectl(['delete', 'dbg', name])).toMatchObject({ code: 0 });
    expect(await eve.create(manifest(name))).toMatchObject({ code: 0 });
    expect(await requesterOf(name)).toMatchObject({ username: 'eve' });
  });
});

describe('a session of another user', () => {
  it.each<[string, Partial<DebugSessionSpec>]>([
    ['lives longer', { ttl: '1h' }],
    ['lives longer, by leaving the ttl to its default', { ttl: null } as unknown as Partial<DebugSessionSpec>],
    ['waits longer', { pendingTimeout: '1h' }],
    ['starts later', { startTimeout: '1h' }],
    ['is allowed for longer', { notAfter: '2099-01-01T00:00:00Z' }],
    ['takes its pod with it', { podAfterSession: 'Evict' }],
    ['evicts its pod', { ifUnstoppable: 'EvictPod' }],
    ['loses its record', { ttlAfterFinished: '0s' }],
    ['is cancelled and lives longer at once', { cancel: true, ttl: '2h' }],
  ])('the API server refuses a change by another user after which a session %s', async (words, spec) => {
    const name = await ofDana(`other-${nameOf(words)}`);
    expect(await eve.patch(name, { spec })).toMatchObject({ code: 1, stderr: expect.stringMatching(NOT_YOURS) });
    expect(await dana.patch(name, { spec })).toMatchObject({ code: 0 });
  });

  it.each<[string, Partial<DebugSessionSpec>]>([
    ['its justification', { justification: 'nothing' }],
    ['its image', { image: 'evil:1' }],
    ['its command', { command: ['sh', '-c', 'evil'] }],
  ])('the API server refuses to rewrite a session after the fact: %s', async (words, spec) => {
    const name = await ofDana(`rewritten-${nameOf(words)}`, { justification: 'INC-1' });
    for (const person of [eve, dana])
      expect(await person.patch(name, { spec })).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/frozen until/),
      });
  });

  it('another user cannot bring a cancelled session back to life', async () => {
    const name = await ofDana('uncancelled', { cancel: true });
    expect(await eve.patch(name, { spec: { cancel: false } })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(NOT_YOURS),
    });
  });

  it('each user with update may end and label the session of another user', async () => {
    const name = await ofDana('ended');
    for (const patch of [
      { metadata: { labels: { seen: 'yes' } } },
      { spec: { ttl: '1m' } },
      { spec: { cancel: true } },
    ])
      expect(await eve.patch(name, patch)).toMatchObject({ code: 0 });
  });

  it('a user who lowers a waiting attempt to start it becomes the requester', async () => {
    const name = await ofDana('lowered', { attempt: 3 });
    const spec = { attempt: 2, command: ['sh', '-c', 'evil'], justification: 'not hers' };
    expect(await eve.patch(name, { spec: { ...spec, policyName: 'platform' } })).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/eve may not use DebugPolicy platform in namespace/),
    });
    expect(await requesterOf(name)).toEqual(AS_DANA);
    expect(await eve.patch(name, { spec })).toMatchObject({ code: 0 });
    expect(await requesterOf(name)).toMatchObject({ username: 'eve' });
  });

  it('another user cannot take over a running session whose spec went back to an earlier attempt', async () => {
    const name = await ofDana('went-back', { attempt: 3, ttl: '10m' });
    await hasRun(name, 3, '10m');
    expect(await dana.patch(name, { spec: { attempt: 1 } })).toMatchObject({ code: 0 });
    for (const spec of [{ attempt: 2 }, { attempt: 3 }, { attempt: 2, ttl: '3h' }])
      expect(await eve.patch(name, { spec })).toMatchObject({ code: 1, stderr: expect.stringMatching(NOT_YOURS) });
    expect(await dana.patch(name, { spec: { attempt: 3 } })).toMatchObject({ code: 0 });
    expect(await requesterOf(name)).toEqual(AS_DANA);
  });

  it('another user cannot lengthen a session without a ttl above the ttl of its run', async () => {
    const name = await ofDana('no-ttl', { attempt: 2, ttl: undefined });
    await hasRun(name, 2, '10m');
    for (const [ttl, code] of [
      ['11m', 1],
      ['9m', 0],
    ] as const)
      expect(await eve.patch(name, { spec: { ttl } })).toMatchObject({ code });
  });

  it('a user with manage-any may change the session of another user', async () => {
    const name = await ofDana('managed');
    const rule = ['--verb=manage-any', '--resource=debugsessions.debugsession.dev'];
    expect(await stage.kubectl(['create', 'role', 'manager', ...rule])).toMatchObject({ code: 0 });
    const mia = await Person.whoMayAsk(stage, 'mia');
    expect(await mia.patch(name, { spec: { ttl: '1h' } })).toMatchObject({ code: 1 });
    await mia.bind('role', 'manager');
    expect(await mia.patch(name, { spec: { ttl: '1h' } })).toMatchObject({ code: 0 });
    expect(await requesterOf(name)).toEqual(AS_DANA);
  });
});
