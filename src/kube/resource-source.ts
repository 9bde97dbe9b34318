import type { ListPage, ListWatchSource } from '../runtime/list-watch.ts';
import type { Query, RestClient } from './rest-client.ts';

/**
 * One resource path as a source for a ListWatch.
 * @param selector `fieldSelector` and `labelSelector`, sent with lists and watches
 */
export function resourceSource(client: RestClient, path: string, selector: Query = {}): ListWatchSource {
  return {
    // A page may hold many large objects: it gets more time than a single call.
    list: (query, signal) => client.list<ListPage>(path, { ...selector, ...query }, { signal, timeoutMs: 30_000 }),
    watch: (query, signal) => client.watch(path, { ...selector, ...query }, signal),
  };
}
