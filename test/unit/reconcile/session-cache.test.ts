import { describe, expect, it } from '@jest/globals';
import type { DebugSession } from '../../../src/api/debugsession.ts';
import { SessionCache } from '../../../src/reconcile/session-cache.ts';
import { Store } from '../../../src/runtime/store.ts';
import { aSession } from '../../support/builders/builders.ts';

function aVersion(resourceVersion: string, namespace = 'shop'): DebugSession {
  return aSession({}, { metadata: { resourceVersion, namespace } });
}

function aCache(...namespaces: (string | undefined)[]): {
  cache: SessionCache;
  stores: Store<DebugSession>[];
  heard: string[];
} {
  const cache = new SessionCache();
  const heard: string[] = [];
  const stores = namespaces.map((namespace) => {
    const store = new Store<DebugSession>();
    cache.attach(namespace, store, (type, { metadata }) => heard.push(`${type} ${metadata.resourceVersion}`));
    return store;
  });
  return { cache, stores, heard };
}

describe('SessionCache', () => {
  it('the cache tells changes of others, and not own writes and their echo', () => {
    const { cache, stores, heard } = aCache('shop');
    stores[0]?.upsert(aVersion('10'));
    cache.remember(aVersion('11'));
    stores[0]?.upsert(aVersion('11'));
    stores[0]?.upsert(aVersion('12'));
    expect(heard).toEqual(['ADDED 10', 'MODIFIED 12']);
  });

  it('the cache says whether a list showed the change', () => {
    const cache = new SessionCache();
    const store = new Store<DebugSession>();
    const heard: string[] = [];
    cache.attach('shop', store, (type, _session, isListed) => heard.push(`${type} ${isListed}`));
    store.replace([aVersion('10')], '10');
    store.upsert(aVersion('11'));
    store.replace([], '12');
    expect(heard).toEqual(['ADDED true', 'MODIFIED false', 'DELETED true']);
  });

  it('the cache shows an own write, and never an older version', () => {
    const { cache, stores } = aCache('shop');
    cache.remember(aVersion('11'));
    stores[0]?.upsert(aVersion('10'));
    expect(cache.get('shop/inspect-web')?.metadata.resourceVersion).toBe('11');
  });

  it('the cache forgets a session that an own write released, and tells nothing', () => {
    const { cache, stores, heard } = aCache('shop');
    stores[0]?.upsert(aVersion('10'));
    cache.forget(aVersion('11'));
    stores[0]?.upsert(aVersion('11'));
    expect([cache.get('shop/inspect-web'), heard]).toEqual([undefined, ['ADDED 10']]);
  });

  it('the cache shows each session to who follows, and none for one that goes', () => {
    const { cache, stores } = aCache('shop');
    const followed: (string | undefined)[] = [];
    cache.followBy((key, session) => followed.push(key, session?.metadata.resourceVersion));
    stores[0]?.upsert(aVersion('10'));
    cache.remember(aVersion('11'));
    cache.forget(aVersion('12'));
    expect(followed).toStrictEqual(['10', '11', undefined].flatMap((version) => ['shop/inspect-web', version]));
  });

  it('a session of a namespace that the operator does not serve is neither found nor kept', () => {
    const { cache } = aCache('shop');
    const other = aVersion('10', 'elsewhere');
    cache.remember(other);
    cache.forget(other);
    expect([cache.get('elsewhere/inspect-web'), cache.list()]).toEqual([undefined, []]);
  });

  it('the cache tells changes again after an own write that failed', () => {
    const { cache, stores, heard } = aCache('shop');
    const broken = { metadata: null } as unknown as DebugSession;
    expect(() =>
      cache.remember({ ...broken, metadata: { ...aVersion('1').metadata, resourceVersion: null } } as never),
    ).toThrow();
    stores[0]?.upsert(aVersion('10'));
    expect(heard).toEqual(['ADDED 10']);
  });

  it('the cache knows the sessions of its own namespaces, or of all namespaces', () => {
    const some = aCache('shop', 'bank');
    some.cache.remember(aVersion('1', 'bank'));
    some.cache.remember(aVersion('2', 'elsewhere'));
    expect(some.cache.list().map((session) => session.metadata.namespace)).toEqual(['bank']);
    const all = aCache(undefined);
    all.cache.remember(aVersion('2', 'elsewhere'));
    expect(all.cache.get('elsewhere/inspect-web')).toBeDefined();
  });
});
