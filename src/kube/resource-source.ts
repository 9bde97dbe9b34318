import type { ListPage, ListWatchSource } from '../runtime/list-watch.ts';
import type { WatchEvent } from '../runtime/watch-event.ts';
import { explainListFailure, type Remedies } from './list-failure.ts';
import type { Query, RestClient } from './rest-client.ts';
import { stepwise } from './stepwise.ts';

/**
 * One resource path as a source for a ListWatch.
 * @param selector `fieldSelector` and `labelSelector`, sent with lists and watches
 * @param remedies what the words of a refusal tell a person to do
 */
export function resourceSource(
  client: RestClient,
  path: string,
  selector: Query = {},
  remedies: Remedies = {},
): ListWatchSource {
  const explain = (error: unknown): unknown => explainListFailure(error, path, { server: client.server, ...remedies });
  return {
    async list(query, signal) {
      try {
        // A page may hold many large objects: it gets more time than a single call.
        return await client.list<ListPage>(path, { ...selector, ...query }, { signal, timeoutMs: 30_000 });
      } catch (error) {
        throw explain(error);
      }
    },
    watch(query, signal): AsyncIterable<WatchEvent> {
      const events = client.watch(path, { ...selector, ...query }, signal);
      const next = async (): Promise<WatchEvent | undefined> => {
        try {
          return (await events.next()).value;
        } catch (error) {
          throw explain(error);
        }
      };
      return stepwise({ next, end: () => void events.return?.() });
    },
  };
}
