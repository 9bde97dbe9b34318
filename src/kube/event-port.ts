import type { EventPort } from '../runtime/event-recorder.ts';
import type { RestClient } from './rest-client.ts';

const eventsPath = (namespace: string): string => `/apis/events.k8s.io/v1/namespaces/${namespace}/events`;

/** Events through events.k8s.io/v1. Needs create and patch on events there. */
export function eventPort(client: RestClient): EventPort {
  return {
    create: (namespace, event, signal) => client.create(eventsPath(namespace), event, { signal }),
    patchSeries: ({ metadata }, series, signal) =>
      client.patch(`${eventsPath(metadata.namespace)}/${metadata.name}`, { series }, { type: 'merge', signal }),
  };
}
