import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { API_VERSION, type DebugSession, FINALIZER, KIND, LIVE_LABEL } from '../../src/api/debugsession.ts';
import { confirmation, containerState, nameOf } from '../support/cluster/ending.ts';
import { Person } from '../support/cluster/person.ts';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

// The record says what was, whoever may write sessions: only the operator writes the status, and a container is not
// forgotten by a trick.

let stage: Stage;
let eve: Person;
let mia: Person;
const ASLEEP = { command: ['sleep', '600'], ttl: '10m' };

beforeAll(async () => {
  stage = await Stage.open('record');
  [eve] = await Promise.all([
    Person.whoMayAsk(stage, 'eve'),
    ...['web', 'deleted', 'again'].map((name) => stage.runningPod(name, appPod())),
  ]);
  mia = new Person(stage, 'mia');
  await mia.bind('clusterrole', 'debugsession-admin');
});

afterAll(() => stage.close());

async function ok(outcome: ReturnType<Person['kubectl']>): Promise<void> {
  expect(await outcome).toMatchObject({ code: 0 });
}

/** A session that runs. */
async function runs(name: string, podName = 'web'): Promise<DebugSession> {
  await stage.createSession(name, { target: { podName }, ...ASLEEP });
  return stage.untilPhase(name, 'Running');
}

describe('a status that a person writes', () => {
  let session: DebugSession;
  const forged = {
    phase: 'Completed',
    observedGeneration: 99,
    attempt: 1,
    runs: [{ attempt: 1, state: 'Ended', exitCode: 0, endedBy: 'Command', requestedBy: { username: 'dana' } }],
    conditions: [],
  };
  const manifest = (status: object): string => {
    const { name, resourceVersion } = session.metadata;
    return JSON.stringify({
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name, resourceVersion },
      spec: session.spec,
      status,
    });
  };

  beforeAll(async () => {
    session = await runs('kept');
  });

  it.each<[string, string[], boolean]>([
    ['a patch', ['patch', 'dbg', 'kept', '--type=merge', `--patch=${JSON.stringify({ status: forged })}`], false],
    ['an apply', ['apply', '--server-side', '--force-conflicts', '-f', '-'], true],
    ['a replace', ['replace', '-f', '-'], true],
  ])('the API server refuses a status by %s to users and managers of sessions', async (_words, args, reads) => {
    session = await stage.session('kept');
    for (const person of [eve, mia])
      expect(
        await person.kubectl([...args, '--subresource=status'], reads ? manifest(forged) : undefined),
      ).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/cannot (get|patch|update) resource "debugsessions\/status"/),
      });
    expect((await stage.session('kept')).status).toEqual(session.status);
  });

  it('the API server ignores a status that a user writes with the session itself', async () => {
    session = await stage.session('kept');
    const patch = ['patch', 'dbg', 'kept', '--type=merge', `--patch=${JSON.stringify({ status: forged })}`];
    await ok(mia.kubectl(patch));
    await ok(
      mia.kubectl(
        ['apply', '--server-side', '--force-conflicts', '-f', '-'],
        manifest(forged).replace(/"resourceVersion":"\d+",?/, ''),
      ),
    );
    expect((await stage.session('kept')).status).toEqual(session.status);
  });

  it('the API server ignores the status in a manifest, and the session runs as usual', async () => {
    const asked = {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name: 'born-ended' },
      spec: { ...session.spec, requestedBy: undefined, command: ['true'] },
      status: { ...forged, attempt: 20 },
    };
    await ok(eve.create(asked));
    const over = await stage.untilPhase('born-ended', 'Completed');
    expect(over.status?.runs).toMatchObject([{ attempt: 1, requestedBy: { username: 'eve' } }]);
    expect(over.status?.runs).toHaveLength(1);
  });
});

describe('the finalizer', () => {
  const without = { metadata: { finalizers: null } };

  it.each<[string, () => Promise<unknown>]>([
    ['by a patch', () => eve.patch('stripped', without)],
    ['by an empty list', () => eve.patch('stripped', { metadata: { finalizers: [] } })],
    ['for one of hers', () => eve.patch('stripped', { metadata: { finalizers: ['eve.example/mine'] } })],
    ['with the label', () => eve.patch('stripped', { metadata: { finalizers: null, labels: null } })],
    ['by who may manage sessions', () => mia.patch('stripped', without)],
  ])('the finalizer that a user takes off %s while the container runs is there as before', async (_words, strip) => {
    if ((await stage.kubectl(['get', 'dbg', 'stripped'])).code !== 0) await runs('stripped');
    await strip();
    const { metadata } = await stage.session('stripped');
    expect(metadata).toMatchObject({
      finalizers: expect.arrayContaining([FINALIZER]),
      labels: { [LIVE_LABEL]: 'true' },
    });
  });

  it('the finalizer goes at the end of the session also when a user tried to take it off', async () => {
    await ok(eve.patch('stripped', { spec: { cancel: true } }));
    const over = await stage.untilSession('stripped', ({ metadata }) => metadata.finalizers === undefined);
    expect(confirmation(over)).toMatchObject({ status: 'True', reason: 'Terminated' });
    expect(await containerState(stage, over)).toMatchObject({ terminated: {} });
  });

  it('a deleted session stays until its container has ended when a user takes its finalizer off', async () => {
    const running = await runs('made-away-with');
    await ok(eve.kubectl(['delete', 'dbg', 'made-away-with', '--wait=false']));
    await eve.patch('made-away-with', without);
    await stage.untilSessionGone('made-away-with');
    expect(await containerState(stage, running)).toMatchObject({ terminated: {} });
  });
});

describe('a session that is deleted during its creation', () => {
  // By the first state in which it is seen and is that far.
  const MOMENTS: [string, (session: DebugSession) => boolean][] = [
    ['at once', () => true],
    ['with the finalizer', ({ metadata }) => metadata.finalizers !== undefined],
    ['with the intent', ({ status }) => status?.runs !== undefined],
    ['once injected', ({ status }) => status?.runs?.[0]?.injectedAt !== undefined],
    ['as it runs', ({ status }) => status?.phase === 'Running'],
  ];

  it('a session that is deleted at any moment of its creation leaves no running container', async () => {
    const names = MOMENTS.flatMap(([words], moment) =>
      [1, 2].map((time) => [`${nameOf(words)}-${time}`, moment] as const),
    );
    const made = names.map(async ([name, moment]) => {
      await stage.createSession(name, { target: { podName: 'deleted' }, ...ASLEEP });
      await stage.untilSession(name, MOMENTS[moment]?.[1] ?? ((): boolean => true));
      await stage.deleteSession(name);
      await stage.untilSessionGone(name);
    });
    await Promise.all(made);
    const pod = await stage.pod('deleted');
    // At least those that were seen to run stand there.
    expect(ephemeralNames(pod).length).toBeGreaterThanOrEqual(2);
    const statuses = pod.status?.ephemeralContainerStatuses ?? [];
    expect(statuses.map(({ name }) => name).sort()).toEqual(ephemeralNames(pod).sort());
    expect(statuses).toEqual(statuses.map(() => expect.objectContaining({ state: { terminated: expect.anything() } })));
  });
});

describe('a session that is made again under an old name', () => {
  it('a session that is made again under an old name has its own record and container', async () => {
    const old = await runs('again', 'again');
    await stage.deleteSession('again');
    await stage.untilSessionGone('again');
    await ok(eve.asks('again', { target: { podName: 'again' }, command: ['true'] }));
    const { metadata, status } = await stage.untilPhase('again', 'Completed');
    expect(metadata.uid).not.toBe(old.metadata.uid);
    expect(status).toMatchObject({ attempt: 1, runs: [{ attempt: 1, requestedBy: { username: 'eve' }, exitCode: 0 }] });
    expect(status?.runs).toHaveLength(1);
    const both = [old, { status }].map((one) => one.status?.debugContainerName);
    expect(ephemeralNames(await stage.pod('again')).sort()).toEqual(both.sort());
    expect(status?.debugContainerName).not.toBe(old.status?.debugContainerName);
    expect(await containerState(stage, old)).toMatchObject({ terminated: {} });
  });

  it('a session that is made again under an old name does not adopt the old container', async () => {
    // Only who may write the status can make that happen, such as the administrator.
    const old = await runs('forgotten', 'again');
    await stage.deleteSession('forgotten');
    const free = ['patch', 'dbg', 'forgotten', '--type=merge', `--patch={"metadata":{"finalizers":null}}`];
    await stage.kubectl(free);
    await stage.untilSessionGone('forgotten');
    await ok(eve.asks('forgotten', { target: { podName: 'again' }, command: ['true'] }));
    const { status } = await stage.untilPhase('forgotten', 'Completed');
    expect(status?.debugContainerName).not.toBe(old.status?.debugContainerName);
    expect(JSON.stringify(status)).not.toContain(old.status?.debugContainerName);
  });
});
