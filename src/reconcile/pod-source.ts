import type { ListPage, ListWatchSource } from '../runtime/list-watch.ts';
import type { PodScope } from './pod-watches.ts';
import type { RawPod } from './trim.ts';

/**
 * The first list of a single pod comes from the API server's watch cache, and may be older than what is stored. A list
 * without a resource version waits until that cache has caught up with etcd: up to 100 ms where no pod changes
 * (docs/performance.md), in the path of every session that is the first on its pod. So the older answer is believed
 * where a session can begin in the pod that it shows: the injection is refused where that has changed (its uid and its
 * resourceVersion go along). Any other answer is asked for again, and waited for (docs/adr/0067).
 */
export function podSource(scope: PodScope, source: ListWatchSource): ListWatchSource {
  if (scope.name === undefined) return source;
  let isFirst = true;
  return {
    async list(query, signal) {
      if (!isFirst) return source.list(query, signal);
      isFirst = false;
      const cached = await source.list({ ...query, resourceVersion: '0' }, signal);
      return showsRunningPod(cached) ? cached : source.list(query, signal);
    },
    watch: (query, signal) => source.watch(query, signal),
  };
}

function showsRunningPod({ items }: ListPage): boolean {
  const [pod] = (items ?? []) as RawPod[];
  return pod?.status?.phase === 'Running' && pod.metadata.deletionTimestamp === undefined;
}
