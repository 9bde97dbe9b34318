import { afterEach, describe, expect, it } from '@jest/globals';
import type { Pod } from '../../../src/api/pod.ts';
import { PodWatches, type PodScope } from '../../../src/reconcile/pod-watches.ts';
import type { ListPage } from '../../../src/runtime/list-watch.ts';
import type { Logger } from '../../../src/runtime/logger.ts';
import { aPod } from '../../support/builders/builders.ts';
import { FakeClock, settle } from '../../support/fakes/fake-clock.ts';
import { FakeSource, statusError } from '../../support/fakes/fake-source.ts';

const never = new AbortController().signal;
const WEB_1 = { namespace: 'shop', name: 'web-1' };

function named(name: string, resourceVersion = '50', uid = `uid-${name}`): Pod {
  return aPod((pod) => Object.assign(pod.metadata, { name, uid, resourceVersion }));
}

class Scene {
  readonly clock = new FakeClock();
  readonly sources = new Map<string, FakeSource>();
  readonly opened: string[] = [];
  readonly changed: string[] = [];
  readonly pods: PodWatches;
  /** What every list shows. */
  items: Pod[] = [];
  refusal: Error | undefined;
  /** The answer to every list, which no signal breaks off. */
  held: Promise<ListPage> | undefined;
  /** What was logged as a warning or an error: its resource, and the words. */
  readonly logged: (string | undefined)[][] = [];

  constructor(options: { clusterWide?: boolean; limits?: { podsPerNamespace: number; watches: number } } = {}) {
    this.pods = new PodWatches({
      source: (scope) => this.#source(scope),
      onChange: (key) => this.changed.push(key),
      logger: this.#logger(),
      clusterWide: false,
      clock: this.clock,
      random: () => 0.5,
      ...options,
    });
  }

  look(session: string, pod = WEB_1): Promise<Awaited<ReturnType<PodWatches['look']>>> {
    return this.pods.look(session, pod, never);
  }

  watch(scope: string): FakeSource {
    const source = this.sources.get(scope);
    if (source === undefined) throw new Error(`${scope} is not watched: ${this.opened.join()}`);
    return source;
  }

  #logger(): Logger {
    const log = ({ resource }: { resource?: string }, words: string): void => void this.logged.push([resource, words]);
    return { debug() {}, info() {}, warn: log, error: log };
  }

  #source({ namespace = '*', name = '*' }: PodScope): FakeSource {
    const scope = `${namespace}/${name}`;
    this.opened.push(scope);
    const list = { metadata: { resourceVersion: '60' }, items: this.items };
    const source = new FakeSource(this.refusal ?? list);
    const { held } = this;
    if (held !== undefined) source.list = () => held;
    this.sources.set(scope, source);
    return source;
  }
}

const scenes: Scene[] = [];
function aScene(...options: ConstructorParameters<typeof Scene>): Scene {
  const scene = new Scene(...options);
  scenes.push(scene);
  return scene;
}

afterEach(async () => {
  await Promise.all(scenes.splice(0).map((scene) => scene.pods.stop()));
});

describe('the first list', () => {
  it('the first list of a watch wakes no session, and a later change does', async () => {
    const scene = aScene();
    scene.items = [named('web-1')];
    scene.pods.expect('shop/one', WEB_1);
    await expect(scene.look('shop/one')).resolves.toMatchObject({ kind: 'present' });
    await settle();
    expect(scene.changed).toEqual([]);
    scene.watch('shop/web-1').watches[0]?.send('MODIFIED', named('web-1', '61'));
    await settle();
    expect(scene.changed).toEqual(['shop/one']);
    expect(scene.opened).toEqual(['shop/web-1']);
  });

  it('a look waits 5 s for the first list, sees nothing then, and its session hears of the list later', async () => {
    const scene = aScene();
    scene.refusal = statusError(403);
    const look = scene.look('shop/s');
    await scene.clock.advanceAsync(5_000);
    const unseen = {
      kind: 'unseen',
      message: "Pod shop/web-1 could not be read within 5 s; see the operator's log",
    };
    expect(await look).toEqual(unseen);
    expect(await scene.look('shop/s')).toEqual(unseen);
    expect(scene.logged[0]).toEqual(['pods shop/web-1', 'list or watch failed']);
    scene.watch('shop/web-1').answerLists({ metadata: { resourceVersion: '60' }, items: [named('web-1')] });
    await scene.clock.advanceAsync(300_000);
    expect(scene.changed).toEqual(['shop/s']);
    expect(await scene.look('shop/s')).toMatchObject({ kind: 'present' });
  });

  it('a session that gave up waiting and was released does not hear of the list', async () => {
    const scene = aScene();
    scene.refusal = statusError(403);
    const looks = [scene.look('shop/s'), scene.look('shop/t')];
    await scene.clock.advanceAsync(5_000);
    await Promise.all(looks);
    scene.pods.release('shop/s');
    scene.watch('shop/web-1').answerLists({ metadata: { resourceVersion: '60' }, items: [] });
    await scene.clock.advanceAsync(300_000);
    expect(scene.changed).toEqual(['shop/t']);
  });

  it('a look that has got the list leaves no timer', async () => {
    const [waited, expected] = [aScene(), aScene()];
    expected.pods.expect('shop/s', WEB_1);
    await waited.look('shop/s');
    await settle();
    expect(waited.clock.timers).toBe(expected.clock.timers);
  });
});

describe('the end of all watches', () => {
  it('the end closes every watch, and waits for a list that is under way', async () => {
    const scene = aScene();
    await scene.look('shop/s');
    await settle();
    const { open } = scene.watch('shop/web-1');
    const held = Promise.withResolvers<ListPage>();
    scene.held = held.promise;
    scene.pods.expect('shop/t', { namespace: 'shop', name: 'web-2' });
    let isOver = false;
    const end = scene.pods.stop().then(() => (isOver = true));
    await settle();
    expect([open.signal.aborted, isOver]).toEqual([true, false]);
    held.resolve({ metadata: { resourceVersion: '60' }, items: [] });
    await end;
  });
});

describe('the watch that covers a pod', () => {
  const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `web-${i + 1}`);

  it('the first 32 pods of a namespace get a watch each, and the next pods share one watch', async () => {
    const scene = aScene();
    for (const name of names(34)) await scene.look(`shop/s-${name}`, { namespace: 'shop', name });
    expect(scene.opened).toEqual([...names(32).map((name) => `shop/${name}`), 'shop/*']);
  });

  it('each namespace counts its watches on its own', async () => {
    const scene = aScene();
    for (const name of names(32)) await scene.look(`shop/s-${name}`, { namespace: 'shop', name });
    await scene.look('bank/s', { namespace: 'bank', name: 'web-1' });
    expect(scene.opened.at(-1)).toBe('bank/web-1');
  });

  it.each([
    ['one watch for all pods', true, '*/*'],
    ['a watch of its own, where the operator may not watch all pods', false, 'last/web-1'],
  ])('a pod beyond 64 watches is covered by %s', async (_name, clusterWide, expected) => {
    const scene = aScene({ clusterWide });
    for (const name of names(64)) await scene.look(`${name}/s`, { namespace: name, name: 'web-1' });
    await scene.look('last/s', { namespace: 'last', name: 'web-1' });
    await scene.look('last/t', { namespace: 'last', name: 'web-1' });
    expect([scene.pods.size, scene.opened.at(-1)]).toEqual([65, expected]);
  });

  it('a look reuses the watch of the namespace that is open already', async () => {
    const scene = aScene({ limits: { podsPerNamespace: 1, watches: 50 } });
    for (const name of names(2)) await scene.look(`shop/s-${name}`, { namespace: 'shop', name });
    scene.pods.release('shop/s-web-1');
    await scene.look('shop/s-web-1');
    expect([scene.opened, scene.pods.size]).toEqual([['shop/web-1', 'shop/*'], 1]);
  });

  it('a look uses the widest watch that is open, also where a narrower watch is allowed again', async () => {
    const scene = aScene({ limits: { podsPerNamespace: 2, watches: 50 } });
    for (const name of names(3)) await scene.look(`shop/s-${name}`, { namespace: 'shop', name });
    for (const name of names(2)) scene.pods.release(`shop/s-${name}`);
    await scene.look('shop/t');
    expect([scene.opened, scene.pods.size]).toEqual([['shop/web-1', 'shop/web-2', 'shop/*'], 1]);
    const many = aScene({ clusterWide: true, limits: { podsPerNamespace: 2, watches: 2 } });
    for (const name of names(3)) await many.look(`${name}/s`, { namespace: name, name: 'web-1' });
    for (const name of names(2)) many.pods.release(`${name}/s`);
    await many.look('shop/s');
    expect(many.opened).toEqual(['web-1/web-1', 'web-2/web-1', '*/*']);
  });

  it('a second session uses the watch of the pod, also where a further pod would share a watch', async () => {
    const scene = aScene({ limits: { podsPerNamespace: 1, watches: 50 } });
    await scene.look('shop/s');
    await scene.look('shop/t');
    expect(scene.opened).toEqual(['shop/web-1']);
  });
});

describe('a look', () => {
  it('a look sees the pod, and its session hears later changes of that pod alone', async () => {
    const scene = aScene();
    scene.items = [named('web-1')];
    expect(await scene.look('shop/s')).toMatchObject({ kind: 'present', pod: { metadata: { uid: 'uid-web-1' } } });
    scene.changed.length = 0;
    await settle();
    scene.watch('shop/web-1').open.send('MODIFIED', named('web-1', '61'));
    scene.watch('shop/web-1').open.send('ADDED', named('web-2', '62'));
    await settle();
    expect(scene.changed).toEqual(['shop/s']);
  });

  it('a change of a pod wakes every session that looks, and the watch closes with the last of them', async () => {
    const scene = aScene();
    scene.items = [named('web-1')];
    await Promise.all([scene.look('shop/s'), scene.look('shop/t')]);
    scene.changed.length = 0;
    await settle();
    const { open } = scene.watch('shop/web-1');
    open.send('MODIFIED', named('web-1', '61'));
    await settle();
    expect(scene.changed).toEqual(['shop/s', 'shop/t']);
    scene.pods.release('shop/s');
    open.send('MODIFIED', named('web-1', '62'));
    await settle();
    expect([scene.changed.slice(2), open.signal.aborted]).toEqual([['shop/t'], false]);
    scene.pods.release('shop/t');
    expect([scene.pods.size, open.signal.aborted]).toEqual([0, true]);
  });

  it('a look remembers the last state of a deleted pod until the session is released', async () => {
    const scene = aScene();
    scene.items = [named('web-1')];
    await scene.look('shop/s');
    await settle();
    const last = named('web-1', '61');
    last.status.phase = 'Failed';
    scene.watch('shop/web-1').open.send('DELETED', last);
    await settle();
    expect(await scene.look('shop/s')).toMatchObject({ kind: 'gone', last: { status: { phase: 'Failed' } } });
    scene.pods.release('shop/s');
    scene.items = [];
    expect(await scene.look('shop/s')).toEqual({ kind: 'gone' });
  });

  it('a session that was released and looks again hears of changes like the others', async () => {
    const scene = aScene();
    scene.items = [named('web-1')];
    await scene.look('shop/s');
    await scene.look('shop/t');
    scene.pods.release('shop/s');
    await scene.look('shop/s');
    scene.pods.release('shop/t');
    await settle();
    const { open } = scene.watch('shop/web-1');
    open.send('MODIFIED', named('web-1', '61'));
    await settle();
    expect([scene.changed, open.signal.aborted]).toEqual([['shop/s'], false]);
  });

  it('a look knows nothing of a pod that went while no session looked at it', async () => {
    const scene = aScene({ limits: { podsPerNamespace: 0, watches: 50 } });
    scene.items = [named('web-1'), named('web-2'), named('web-3')];
    await scene.look('shop/other', { namespace: 'shop', name: 'web-2' });
    await scene.look('shop/s');
    scene.pods.release('shop/s');
    await settle();
    for (const name of ['web-1', 'web-3']) scene.watch('shop/*').open.send('DELETED', named(name, '61'));
    await settle();
    expect(await scene.look('shop/s')).toEqual({ kind: 'gone' });
    expect(await scene.look('shop/t', { namespace: 'shop', name: 'web-3' })).toEqual({ kind: 'gone' });
    expect([scene.changed, scene.logged]).toEqual([[], []]);
  });

  it('a look sees the replacement of a pod, and remembers the pod before', async () => {
    const scene = aScene();
    scene.items = [named('web-1')];
    await scene.look('shop/s');
    await settle();
    scene.watch('shop/web-1').open.send('ADDED', named('web-1', '61', 'another'));
    await settle();
    expect(await scene.look('shop/s')).toMatchObject({
      kind: 'present',
      pod: { metadata: { uid: 'another' } },
      last: { metadata: { uid: 'uid-web-1' } },
    });
  });

  it('a look of a session at another pod closes its first watch', async () => {
    const scene = aScene();
    await scene.look('shop/s');
    await scene.look('shop/s', { namespace: 'shop', name: 'web-2' });
    expect([scene.pods.size, scene.opened]).toEqual([1, ['shop/web-1', 'shop/web-2']]);
  });

  it('a look at a pod whose list is refused ends with its signal', async () => {
    const scene = aScene();
    scene.refusal = statusError(403);
    const abort = new AbortController();
    const look = scene.pods.look('shop/s', WEB_1, abort.signal);
    abort.abort(new Error('time is over'));
    await expect(look).rejects.toThrow();
    await expect(scene.pods.look('shop/s', WEB_1, abort.signal)).rejects.toThrow('time is over');
  });
});

describe('the answer of an own write', () => {
  it('a look shows the answer of an own write, and not the older echo of the watch', async () => {
    const scene = aScene();
    scene.items = [named('web-1')];
    await scene.look('shop/s');
    await settle();
    scene.pods.remember(named('web-1', '70'));
    scene.watch('shop/web-1').open.send('MODIFIED', named('web-1', '65'));
    await settle();
    expect(await scene.look('shop/s')).toMatchObject({ pod: { metadata: { resourceVersion: '70' } } });
  });

  it('a look whose older list is under way shows the answer of an own write', async () => {
    const scene = aScene();
    scene.items = [named('web-1')];
    const look = scene.look('shop/s');
    scene.pods.remember(named('web-1', '70'));
    expect(await look).toMatchObject({ pod: { metadata: { resourceVersion: '70' } } });
  });

  it('every watch that covers the pod shows the answer of an own write, and no other watch does', async () => {
    const scene = aScene({ limits: { podsPerNamespace: 1, watches: 50 } });
    scene.items = [named('web-1')];
    await scene.look('shop/a');
    await scene.look('shop/b', { namespace: 'shop', name: 'web-2' });
    expect(scene.opened).toEqual(['shop/web-1', 'shop/*']);
    scene.pods.remember(named('web-1', '70'));
    // Through the pod's own watch, and then, after that has closed, through the namespace's.
    expect(await scene.look('shop/a')).toMatchObject({ pod: { metadata: { resourceVersion: '70' } } });
    scene.pods.release('shop/a');
    expect(await scene.look('shop/a')).toMatchObject({ pod: { metadata: { resourceVersion: '70' } } });
    scene.pods.remember(aPod((pod) => Object.assign(pod.metadata, { name: 'web-2', namespace: 'bank', uid: 'other' })));
    expect(await scene.look('shop/b', { namespace: 'shop', name: 'web-2' })).toEqual({ kind: 'gone' });
  });

  it('the answer of an own write wakes each session of its pod once, and no session of another pod', async () => {
    const scene = aScene();
    const pods = [WEB_1, { namespace: 'shop', name: 'web-2' }, { namespace: 'bank', name: 'web-1' }];
    for (const { namespace, name } of pods) await scene.look(`${namespace}/of-${name}`, { namespace, name });
    scene.pods.remember(named('web-2', '70'));
    scene.pods.remember(aPod(({ metadata }) => Object.assign(metadata, { namespace: 'bank', resourceVersion: '71' })));
    expect(scene.changed).toEqual(['shop/of-web-2', 'bank/of-web-1']);
  });

  it('the watch of all pods shows the answer of an own write', async () => {
    const scene = aScene({ clusterWide: true, limits: { podsPerNamespace: 50, watches: 0 } });
    await scene.look('shop/s');
    scene.pods.remember(named('web-1', '70'));
    expect(scene.opened).toEqual(['*/*']);
    expect(await scene.look('shop/s')).toMatchObject({ pod: { metadata: { resourceVersion: '70' } } });
  });

  it('the answer of an own write does not bring back a pod that is gone', async () => {
    const scene = aScene();
    await scene.look('shop/s');
    scene.pods.remember(named('web-1', '55'));
    expect(await scene.look('shop/s')).toEqual({ kind: 'gone' });
  });
});

describe('a pod that was read before the look', () => {
  const WEB_3 = { namespace: 'shop', name: 'web-3' };

  /** The namespace is watched, and the watch has not heard of web-3. */
  async function behind(): Promise<Scene> {
    const scene = aScene({ limits: { podsPerNamespace: 0, watches: 50 } });
    await scene.look('shop/other');
    await settle();
    return scene;
  }

  it('a pod that was read stays visible while the watch is behind, until the watch says that it is gone', async () => {
    const scene = await behind();
    scene.pods.rememberFor('shop/s', named('web-3', '65'));
    expect(await scene.look('shop/s', WEB_3)).toMatchObject({ pod: { metadata: { resourceVersion: '65' } } });
    const { open } = scene.watch('shop/*');
    open.send('ADDED', named('web-3', '61'));
    await settle();
    expect(await scene.look('shop/s', WEB_3)).toMatchObject({ pod: { metadata: { resourceVersion: '65' } } });
    open.send('DELETED', named('web-3', '66'));
    await settle();
    expect(await scene.look('shop/s', WEB_3)).toMatchObject({ kind: 'gone' });
  });

  it('a pod that was read is not visible if the watch is ahead, or after its session was released', async () => {
    const scene = await behind();
    scene.pods.rememberFor('shop/s', named('web-3', '59'));
    expect(await scene.look('shop/s', WEB_3)).toEqual({ kind: 'gone' });
    scene.pods.rememberFor('shop/s', named('web-3', '65'));
    scene.pods.release('shop/s');
    expect(await scene.look('shop/s', WEB_3)).toEqual({ kind: 'gone' });
  });
});
