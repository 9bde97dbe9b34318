import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FINALIZER, LIVE_LABEL, type DebugSessionSpec } from '../../src/api/debugsession.ts';
import { shellPod } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';
import { Visitor, type Protocol, type Visit } from '../support/cluster/visitor.ts';

// Who comes into the container of a session, by a real kubectl on a real kubelet. Everybody here has the right to exec
// and attach in the namespace.

let stage: Stage;
let confined: Stage;
let container: string;
const folder = mkdtempSync(join(tmpdir(), 'debugsession-guard-'));
const BOTH: readonly Protocol[] = ['WebSocket', 'SPDY'];
const TICKS = ['sh', '-c', 'while true; do echo tick; sleep 1; done'];
const REFUSED = /is of DebugSession dana-looks, which is dana's: others come in who are named in its spec\.attachers/;
const target = { podName: 'web' };

/** The people of the tests. Those who differ by more than a name are made where they are used. */
const PEOPLE = ['dana', 'eve', 'olga', 'gus', 'mia'];

beforeAll(async () => {
  [stage, confined] = await Promise.all([
    Stage.open('guard'),
    Stage.open('guard-confined', { labels: { 'debugsession.dev/confine': 'true' } }),
  ]);
  await Promise.all([stage, confined].map(furnish));
  container = await runs('dana-looks', {
    attachers: [
      { kind: 'User', name: 'olga' },
      { kind: 'Group', name: 'sres' },
      { kind: 'ServiceAccount', name: 'robot' },
      { kind: 'ServiceAccount', name: 'robot', namespace: 'ci' },
    ],
  });
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await Promise.all([stage.close(), confined.close()]);
});

/** A pod, and rights for everybody. */
async function furnish(on: Stage): Promise<void> {
  const resources = ['pods', 'pods/exec', 'pods/attach', 'pods/portforward', 'pods/ephemeralcontainers'];
  const verbs = ['get', 'list', 'watch', 'create', 'patch'];
  const insider = [
    { apiGroups: [''], resources, verbs },
    { apiGroups: ['debugsession.dev'], resources: ['debugsessions'], verbs: [...verbs, 'update', 'delete'] },
    { apiGroups: ['debugsession.dev'], resources: ['debugpolicies'], verbs: ['use'] },
  ];
  const anyone = [{ apiGroups: ['debugsession.dev'], resources: ['debugsessions'], verbs: ['attach-any'] }];
  const role = (name: string, rules: object[]): object => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name },
    rules,
  });
  const binding = (name: string, subject: object): object => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', ...subject }],
  });
  const items = [
    role('insider', insider),
    role('comes-everywhere', anyone),
    binding('insider', { kind: 'Group', name: 'system:authenticated' }),
    binding('comes-everywhere', { kind: 'User', name: 'mia' }),
  ];
  const made = await on.kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  expect(made).toMatchObject({ code: 0 });
  await on.runningPod('web', shellPod('sleep 3600'));
}

/** A session of Dana's that runs. @returns its container */
async function runs(name: string, spec: Partial<DebugSessionSpec> = {}, on = stage, who = 'dana'): Promise<string> {
  const manifest = {
    apiVersion: 'debugsession.dev/v1alpha1',
    kind: 'DebugSession',
    metadata: { name },
    spec: {
      target,
      image: 'docker.io/library/busybox:1.36',
      imagePullPolicy: 'IfNotPresent',
      command: TICKS,
      ttl: '20m',
      ...spec,
    },
  };
  const made = await on.kubectl(
    [`--as=${who}`, '--as-group=system:authenticated', 'create', '-f', '-'],
    JSON.stringify(manifest),
  );
  expect(made).toMatchObject({ code: 0 });
  const { status } = await on.untilPhase(name, 'Running');
  return status?.debugContainerName ?? '';
}

const exec = (into = container): string[] => ['exec', 'web', '-c', into, '--', 'echo', 'inside'];
const attach = (to = container): string[] => ['attach', 'web', '-c', to];

function comesIn(visit: Visit): void {
  expect(visit).toMatchObject({ kind: 'in' });
}

function isRefused(visit: Visit, words = REFUSED): void {
  expect(visit).toMatchObject({ kind: 'ended', code: 1, said: expect.stringMatching(words) });
}

describe.each(BOTH)('over %s', (protocol) => {
  it('the exec guard lets the requester attach and exec', async () => {
    const dana = new Visitor(stage, 'dana');
    for (const args of [attach(), exec()]) comesIn(await dana.visit(args, protocol));
  });

  it.each<[string, string, { groups?: string[] }]>([
    ['a user', 'olga', {}],
    ['a group', 'gus', { groups: ['sres'] }],
    ['a service account of the namespace', 'robot', {}],
    ['a service account of another', 'system:serviceaccount:ci:robot', {}],
  ])('the exec guard lets an attacher in: %s', async (_words, name, options) => {
    const visitor = new Visitor(stage, name === 'robot' ? account('robot') : name, options);
    for (const args of [attach(), exec()]) comesIn(await visitor.visit(args, protocol));
  });

  it('the exec guard lets a user with attach-any in', async () => {
    const mia = new Visitor(stage, 'mia');
    for (const args of [attach(), exec()]) comesIn(await mia.visit(args, protocol));
  });

  it.each<[string, string, { groups?: string[]; uid?: string }]>([
    ['a stranger', 'eve', {}],
    ['a stranger with a name in another case', 'Dana', {}],
    ['one of the name of the requester and of another uid', 'dana', { uid: 'another' }],
    ['a user who is named like a group that may', 'sres', {}],
    ['a user who is named like a service account that may', 'robot', {}],
    ['a member of a group that is named like a user who may', 'eve', { groups: ['olga', 'dana'] }],
    ['a service account of that name, of a third namespace', 'system:serviceaccount:default:robot', {}],
  ])('the exec guard refuses %s, and names the requester', async (_words, name, options) => {
    const visitor = new Visitor(stage, name, options);
    for (const args of [attach(), exec()]) isRefused(await visitor.visit(args, protocol));
  });

  it('the exec guard refuses a service account that is named like the operator', async () => {
    const twin = new Visitor(stage, account('my-debugsession-controller-manager'));
    for (const args of [attach(), exec()]) isRefused(await twin.visit(args, protocol));
  });

  it('the exec guard treats kubectl cp as an exec', async () => {
    const copy = (to: string): string[] => ['cp', '-c', container, 'web:/etc/passwd', to];
    const [hers, his] = ['hers', 'his'].map((file) => join(folder, file + protocol)) as [string, string];
    expect(await new Visitor(stage, 'dana').begin(copy(hers), protocol).end).toMatchObject({ code: 0 });
    expect(readFileSync(hers, 'utf8')).toMatch(/^root:/);
    isRefused(await new Visitor(stage, 'eve').visit(copy(his), protocol));
    expect(() => readFileSync(his)).toThrow(/ENOENT/);
  });

  it('the exec guard lets other users into the containers of the pod itself', async () => {
    const eve = new Visitor(stage, 'eve');
    comesIn(await eve.visit(exec('app'), protocol));
    comesIn(await eve.visit(['exec', 'web', '--', 'echo', 'inside'], protocol));
  });
});

it('the exec guard lets all users into containers of kubectl debug, also with a name like ours', async () => {
  const eve = new Visitor(stage, 'eve');
  const args = ['--image=docker.io/library/busybox:1.36', '--image-pull-policy=IfNotPresent', '--profile=general'];
  for (const name of ['debugger-own', 'debug-0123abcd-1']) {
    const made = await eve.visit(['debug', 'web', ...args, '-c', name, '--', ...TICKS]);
    expect(made).toMatchObject({ kind: 'ended', code: 0 });
    await stage.untilPod(
      'web',
      ({ status }) =>
        status?.ephemeralContainerStatuses?.some((one) => one.name === name && one.state?.running !== undefined) ===
        true,
    );
    for (const who of ['eve', 'dana'])
      for (const way of [attach(name), exec(name)]) comesIn(await new Visitor(stage, who).visit(way));
  }
});

it.each(PEOPLE)('the exec guard does not stop a port-forward of %s', async (name) => {
  const visit = await new Visitor(stage, name).visit(['port-forward', 'web', ':80']);
  expect(visit).toMatchObject({ kind: 'in', shown: expect.stringMatching(/Forwarding from/) });
});

describe('the live label', () => {
  const patch = (labels: object | null): string[] => patching({ metadata: { labels } });
  const patching = (body: object): string[] => [
    'patch',
    'dbg',
    'dana-looks',
    '--type=merge',
    `--patch=${JSON.stringify(body)}`,
  ];
  const ours = /the label debugsession\.dev\/live is the operator's/;

  const labels = async (name = 'dana-looks'): Promise<unknown> => (await stage.session(name)).metadata.labels ?? {};

  it('a live session has the live label and the finalizer', async () => {
    const { metadata } = await stage.session('dana-looks');
    expect(metadata).toMatchObject({ labels: { [LIVE_LABEL]: 'true' }, finalizers: [FINALIZER] });
  });

  it.each<[string, object | null]>([
    ['taken off', { [LIVE_LABEL]: null }],
    ['taken off with all others', null],
  ])('the live label that the requester or a stranger has %s is still there', async (_words, what) => {
    for (const name of ['eve', 'dana']) {
      await new Visitor(stage, name).visit(patch(what));
      expect(await labels()).toEqual({ [LIVE_LABEL]: 'true' });
    }
    isRefused(await new Visitor(stage, 'eve').visit(exec()));
  });

  it('the API server refuses another value of the live label', async () => {
    isRefused(await new Visitor(stage, 'dana').visit(patch({ [LIVE_LABEL]: 'false' })), ours);
  });

  it('the live label stays through kubectl replace, apply and server-side apply that leave it out', async () => {
    const { spec } = await stage.session('dana-looks');
    const kind = { apiVersion: 'debugsession.dev/v1alpha1', kind: 'DebugSession' };
    for (const words of ['replace', 'apply', 'apply --server-side --force-conflicts']) {
      for (const team of [{ team: 'shop' }, undefined]) {
        const manifest = { ...kind, metadata: { name: 'dana-looks', ...(team && { labels: team }) }, spec };
        const args = ['--as=dana', '--as-group=system:authenticated', ...words.split(' '), '-f', '-'];
        const outcome = await stage.kubectl(args, JSON.stringify(manifest));
        expect({ words, ...outcome }).toMatchObject({ code: 0 });
        expect(await labels()).toMatchObject({ [LIVE_LABEL]: 'true', ...team });
      }
    }
    await stage.untilSession('dana-looks', ({ metadata }) => metadata.finalizers?.includes(FINALIZER) === true);
  });

  it('a person cannot put the live label on a session', async () => {
    const metadata = { name: 'labelled', labels: { [LIVE_LABEL]: 'true' } };
    const body = {
      apiVersion: 'debugsession.dev/v1alpha1',
      kind: 'DebugSession',
      metadata,
      spec: { target, image: 'a' },
    };
    const args = ['--as=dana', '--as-group=system:authenticated', 'create', '-f', '-'];
    expect(await stage.kubectl(args, JSON.stringify(body))).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(ours),
    });
  });
});

it('a user who raises the attempt back to a running attempt does not get into its container', async () => {
  const into = await runs('reverted', { attempt: 2 });
  const set = (spec: object): string[] => [
    'patch',
    'dbg',
    'reverted',
    '--type=merge',
    `--patch=${JSON.stringify({ spec })}`,
  ];
  expect(await stage.kubectl(['--as=dana', '--as-group=system:authenticated', ...set({ attempt: 1 })])).toMatchObject({
    code: 0,
  });
  const eves = { attempt: 2, attachers: [{ kind: 'User', name: 'eve' }] };
  // It has started: who raises attempt to it asks for nothing, and so does not become its requester.
  expect(await stage.kubectl(['--as=eve', '--as-group=system:authenticated', ...set(eves)])).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/this session is dana's/),
  });
  expect((await stage.session('reverted')).spec.requestedBy?.username).toBe('dana');
  isRefused(await new Visitor(stage, 'eve').visit(exec(into)), /is of DebugSession reverted, which is dana's/);
  comesIn(await new Visitor(stage, 'dana').visit(exec(into)));
});

it('the operator ends the container by exec, an open attach ends too, and no user gets in afterwards', async () => {
  const into = await runs('ends');
  const open = new Visitor(stage, 'dana').begin(attach(into));
  comesIn(await open.first);
  await stage.changeSession('ends', { cancel: true });
  const over = await stage.untilPhase('ends', 'Cancelled');
  expect(over.status?.runs).toMatchObject([{ endedBy: 'Exec' }]);
  await open.end;
  for (const name of ['dana', 'mia', 'eve'])
    for (const args of [attach(into), exec(into)])
      expect(await new Visitor(stage, name).visit(args)).toMatchObject({ kind: 'ended', code: 1 });
  const rest = await stage.untilSession('ends', ({ metadata }) => metadata.finalizers === undefined);
  expect(rest.metadata.labels ?? {}).toEqual({});
});

describe('a namespace with the label debugsession.dev/confine', () => {
  const CONFINED =
    /people get into containers of their DebugSessions only, not into (app|the default container) of pod web/;

  it.each(BOTH)(
    'the exec guard keeps all users out of the application in a confined namespace, over %s',
    async (protocol) => {
      for (const name of ['dana', 'eve'])
        for (const args of [
          exec('app'),
          attach('app'),
          ['exec', 'web', '--', 'true'],
          ['cp', 'web:/etc/passwd', join(folder, 'no')],
        ])
          isRefused(await new Visitor(confined, name).visit(args, protocol), CONFINED);
    },
  );

  it('a user in a confined namespace gets into their own debug containers, and into others as an attacher', async () => {
    const spec: Partial<DebugSessionSpec> = { attachers: [{ kind: 'User', name: 'olga' }] };
    const into = await runs('dana-looks', spec, confined);
    for (const name of ['dana', 'olga']) comesIn(await new Visitor(confined, name).visit(exec(into)));
    isRefused(await new Visitor(confined, 'eve').visit(exec(into)));
    await confined.changeSession('dana-looks', { cancel: true });
    const over = await confined.untilPhase('dana-looks', 'Cancelled');
    expect(over.status?.runs).toMatchObject([{ endedBy: 'Exec' }]);
  });

  it('a user with attach-any gets into every container of a confined namespace, and all users forward ports', async () => {
    comesIn(await new Visitor(confined, 'mia').visit(exec('app')));
    comesIn(await new Visitor(confined, 'eve').visit(['port-forward', 'web', ':80']));
  });
});

function account(name: string): string {
  return `system:serviceaccount:${stage.namespace}:${name}`;
}
