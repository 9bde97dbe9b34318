import { expect, it } from '@jest/globals';
import { podSource } from '../../../src/reconcile/pod-source.ts';
import type { ListPage, ListQuery, ListWatchSource } from '../../../src/runtime/list-watch.ts';

const ONE = { namespace: 'shop', name: 'web' };
const never = new AbortController().signal;

const page = (...items: object[]): ListPage => ({ metadata: { resourceVersion: '7' }, items });
const runs = { metadata: { name: 'web' }, status: { phase: 'Running' } };

/** Answers a list from the cache with one page, and one without a resource version with another. */
function server(cached: ListPage): { source: ListWatchSource; asked: ListQuery[]; stored: ListPage } {
  const asked: ListQuery[] = [];
  const stored = page({ ...runs, from: 'etcd' });
  const source: ListWatchSource = {
    list: (query) => {
      asked.push(query);
      return Promise.resolve(query.resourceVersion === '0' ? cached : stored);
    },
    watch: () => {
      throw new Error('nobody watches here');
    },
  };
  return { source, asked, stored };
}

it('the first list of a pod is one request to the cache where the pod runs', async () => {
  const cached = page(runs);
  const { source, asked } = server(cached);
  expect(await podSource(ONE, source).list({ limit: 500 }, never)).toBe(cached);
  expect(asked).toEqual([{ limit: 500, resourceVersion: '0' }]);
});

it.each([
  ['no pod', []],
  ['a pod that is being deleted', [{ ...runs, metadata: { name: 'web', deletionTimestamp: '2026-11-29T12:00:00Z' } }]],
  ['a pod that does not run yet', [{ ...runs, status: { phase: 'Pending' } }]],
  ['a pod that has ended', [{ ...runs, status: { phase: 'Failed' } }]],
  ['a pod without a status', [{ metadata: { name: 'web' } }]],
])('a cache that shows %s is not believed', async (_words, items) => {
  const { source, asked, stored } = server(page(...items));
  expect(await podSource(ONE, source).list({ limit: 500 }, never)).toBe(stored);
  expect(asked).toEqual([{ limit: 500, resourceVersion: '0' }, { limit: 500 }]);
});

it('a later list of a pod never comes from the cache: the watch has shown more', async () => {
  const { source, asked, stored } = server(page(runs));
  const pod = podSource(ONE, source);
  await pod.list({}, never);
  expect(await pod.list({}, never)).toBe(stored);
  expect(asked.at(-1)).toEqual({});
});

it('the list of a namespace never comes from the cache', async () => {
  const { source, asked } = server(page(runs));
  await podSource({ namespace: 'shop' }, source).list({}, never);
  expect(asked).toEqual([{}]);
});
