import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { API_VERSION, type DebugSession, FINALIZER, KIND, LIVE_LABEL } from '../../src/api/debugsession.ts';
import { sessionsPath } from '../../src/reconcile/session-api.ts';
import { containerState, nameOf } from '../support/cluster/ending.ts';
import { Person } from '../support/cluster/person.ts';
import { appPod } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

// What the garbage collector deletes by: nobody has it delete a session for them. Who may delete it themselves may name
// owners.

interface Owner {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
}

let stage: Stage;
/** May update sessions and not delete them. */
let eve: Person;
/** May delete them as well. */
let dana: Person;

const NOT_YOURS =
  /eve may not change metadata\.ownerReferences of this session.*: leave them as they are, or have the verb delete/;
const REFUSED = { code: 1, stderr: expect.stringMatching(NOT_YOURS) };
const GHOST: Owner = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  name: 'ghost',
  uid: '00000000-0000-4000-8000-000000000000',
};

beforeAll(async () => {
  stage = await Stage.open('owners');
  eve = new Person(stage, 'eve');
  const verbs = '--verb=get,list,watch,create,update,patch';
  const role = ['create', 'role', 'no-delete', verbs, '--resource=debugsessions.debugsession.dev'];
  expect(await stage.kubectl(role)).toMatchObject({ code: 0 });
  await eve.bind('role', 'no-delete');
  [dana] = await Promise.all([Person.whoMayAsk(stage, 'dana'), stage.runningPod('web', appPod())]);
});

afterAll(() => stage.close());

async function ok(outcome: ReturnType<Person['kubectl']>): Promise<void> {
  expect(await outcome).toMatchObject({ code: 0 });
}

/** An owner that exists. */
async function owner(name: string): Promise<Owner> {
  const path = `/api/v1/namespaces/${stage.namespace}/configmaps`;
  const { metadata } = await stage.client.create<{ metadata: { uid: string } }>(path, { metadata: { name } });
  return { apiVersion: 'v1', kind: 'ConfigMap', name, uid: metadata.uid };
}

function remove({ name }: Owner): Promise<unknown> {
  return stage.client.delete(`/api/v1/namespaces/${stage.namespace}/configmaps/${name}`);
}

function manifest(name: string, metadata: object = {}, spec: object = {}): object {
  const defaults = {
    target: { podName: 'web' },
    image: 'docker.io/library/busybox:1.36',
    imagePullPolicy: 'IfNotPresent',
  };
  return { apiVersion: API_VERSION, kind: KIND, metadata: { name, ...metadata }, spec: { ...defaults, ...spec } };
}

/** A session of Dana's that never starts, as its pod does not exist. */
async function waits(name: string, ownerReferences?: Owner[]): Promise<string> {
  const target = { podName: 'none' };
  await ok(dana.create(manifest(name, ownerReferences && { ownerReferences }, { target })));
  // Until then the operator has something to write, which would conflict with a replacement.
  await stage.untilPhase(name, 'Pending');
  return name;
}

async function ownersOf(name: string): Promise<string[]> {
  const { metadata } = await stage.client.get<{ metadata: { ownerReferences?: Owner[] } }>(
    `${sessionsPath(stage.namespace)}/${name}`,
  );
  return (metadata.ownerReferences ?? []).map((one) => one.name);
}

describe('a user with update and without delete', () => {
  const merge = (name: string, ownerReferences: Owner[]) => eve.patch(name, { metadata: { ownerReferences } });
  const json = (name: string, ownerReferences: Owner[]) => {
    const patch = JSON.stringify([{ op: 'add', path: '/metadata/ownerReferences', value: ownerReferences }]);
    return eve.kubectl(['patch', 'dbg', name, '--type=json', `--patch=${patch}`]);
  };
  /** An empty list is left out. */
  const written =
    (...words: string[]) =>
    (name: string, ownerReferences: Owner[]) => {
      const metadata = ownerReferences.length === 0 ? {} : { ownerReferences };
      const input = JSON.stringify(manifest(name, metadata, { target: { podName: 'none' } }));
      return eve.kubectl([...words, '-f', '-'], input);
    };

  const WAYS: [string, (name: string, ownerReferences: Owner[]) => ReturnType<Person['kubectl']>][] = [
    ['by a patch', merge],
    ['by a patch of type json', json],
    ['by kubectl apply', written('apply')],
    ['by server-side apply', written('apply', '--server-side', '--force-conflicts')],
    ['by kubectl replace', written('replace')],
  ];

  it.each(WAYS)('a user without delete cannot give a session a missing owner, %s', async (words, change) => {
    const name = await waits(`ghost-${nameOf(words)}`);
    expect(await change(name, [GHOST])).toMatchObject(REFUSED);
    expect(await ownersOf(name)).toEqual([]);
  });

  it('a user without delete cannot exchange an owner, add an owner or take an owner away', async () => {
    const [one, other] = await Promise.all([owner('one'), owner('other')]);
    const name = await waits('has-two', [one, other]);
    for (const owners of [[GHOST], [one, other, GHOST], [one], [other, one]])
      expect(await merge(name, owners)).toMatchObject(REFUSED);
    expect(await ownersOf(name)).toEqual(['one', 'other']);
  });

  it.each<[string, (name: string) => ReturnType<Person['kubectl']>]>([
    ['kubectl replace', (name) => written('replace')(name, [])],
    ['kubectl apply', (name) => written('apply')(name, [])],
    ['server-side apply', (name) => written('apply', '--server-side', '--force-conflicts')(name, [])],
    ['a patch to null', (name) => eve.patch(name, { metadata: { ownerReferences: null } })],
  ])('the owner of a session stays when %s leaves it out', async (words, change) => {
    const kept = await owner(`kept-${nameOf(words)}`);
    const name = await waits(`left-out-${nameOf(words)}`, [kept]);
    await ok(change(name));
    expect(await ownersOf(name)).toEqual([kept.name]);
  });

  it('a user without delete may end and label the session', async () => {
    const name = await waits('ended', [await owner('bystander')]);
    await ok(eve.patch(name, { metadata: { labels: { seen: 'yes' } }, spec: { cancel: true } }));
    await stage.untilPhase(name, 'Cancelled');
  });
});

describe('the garbage collector', () => {
  it('the garbage collector deletes a session whose owner is deleted, once its container has ended', async () => {
    const parent = await owner('parent');
    const ownerReferences = [parent];
    const spec = { command: ['sleep', '600'], ttl: '10m' };
    await ok(dana.create(manifest('child', { ownerReferences }, spec)));
    await ok(dana.create(manifest('idle-child', { ownerReferences }, { target: { podName: 'none' } })));
    const running = await stage.untilPhase('child', 'Running');
    await remove(parent);
    await Promise.all(['child', 'idle-child'].map((name) => stage.untilSessionGone(name)));
    expect(await containerState(stage, running)).toMatchObject({ terminated: {} });
  });

  it('the garbage collector removes the reference to a deleted owner, and the session stays with its other owner', async () => {
    const [gone, stays] = await Promise.all([owner('gone'), owner('stays')]);
    const name = await waits('half', [gone, stays]);
    await remove(gone);
    await stage.until('one owner is left', async () => (await ownersOf(name)).length === 1);
    expect(await ownersOf(name)).toEqual(['stays']);
  });

  it('the garbage collector deletes a session when a user with delete names a missing owner', async () => {
    const name = await waits('own');
    await ok(dana.patch(name, { metadata: { ownerReferences: [GHOST] } }));
    await stage.untilSessionGone(name);
  });
});

describe('the label of the operator', () => {
  const ours = { code: 1, stderr: expect.stringMatching(/the label debugsession\.dev\/live is the operator's/) };

  it.each(['', 'true', 'false'])(
    'the API server refuses the label of the operator with the value "%s", at the creation and later',
    async (value) => {
      const labels = { [LIVE_LABEL]: value };
      expect(await dana.create(manifest('labelled', { labels }))).toMatchObject(ours);
      const name = await waits(`unlabelled-${value || 'empty'}`);
      for (const person of [eve, dana]) expect(await person.patch(name, { metadata: { labels } })).toMatchObject(ours);
      expect((await stage.session(name)).metadata.labels).toBeUndefined();
    },
  );

  it('the API server refuses to empty the label of the operator on a live session', async () => {
    await ok(dana.create(manifest('lives', {}, { command: ['sleep', '600'], ttl: '10m' })));
    const { metadata }: DebugSession = await stage.untilPhase('lives', 'Running');
    expect(metadata).toMatchObject({ labels: { [LIVE_LABEL]: 'true' }, finalizers: [FINALIZER] });
    expect(await dana.patch('lives', { metadata: { labels: { [LIVE_LABEL]: '' } } })).toMatchObject(ours);
    expect((await stage.session('lives')).metadata.labels).toEqual(metadata.labels);
  });
});
