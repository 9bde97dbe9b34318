import type { PodFacts, SeenContainerSpec, SeenContainerStatus, SeenPod } from '../../../src/plugin/triage/facts.ts';
import { type RawEvent, seenEvents } from '../../../src/plugin/triage/seen-events.ts';

/** The time of every triage of a test. */
export const NOW = Date.parse('2026-11-28T10:00:00Z');

/** A moment before that, as Kubernetes writes it. */
export function before(seconds: number): string {
  return new Date(NOW - seconds * 1000).toISOString().replace('.000', '');
}

export interface PodParts {
  metadata?: Partial<SeenPod['metadata']>;
  spec?: Partial<SeenPod['spec']>;
  status?: Partial<SeenPod['status']>;
  /** Of container `app`. */
  app?: Partial<SeenContainerSpec>;
  /** Of container `app`; null: the kubelet has not reported it. */
  state?: Partial<SeenContainerStatus> | null;
}

/** Pod `web` of namespace `shop`, whose container `app` runs and is ready, but for what is said. */
export function pod({ metadata, spec, status, app, state }: PodParts = {}): SeenPod {
  const ready = { ready: true, started: true, restartCount: 0, state: { running: { startedAt: before(600) } } };
  const reported = state === null ? {} : { containerStatuses: [{ name: 'app', ...ready, ...state }] };
  return {
    metadata: {
      name: 'web',
      namespace: 'shop',
      uid: 'uid-of-web',
      resourceVersion: '1',
      creationTimestamp: before(660),
      ...metadata,
    },
    spec: { nodeName: 'node-1', containers: [{ name: 'app', image: 'registry.example/app:1', ...app }], ...spec },
    status: { phase: 'Running', podIP: '10.0.0.7', ...reported, ...status },
  };
}

/** An event about container `app` of that pod, half a minute ago. */
export function event(reason: string, message: string, more: Partial<RawEvent> = {}): RawEvent {
  return {
    type: 'Warning',
    reason,
    message,
    count: 3,
    lastTimestamp: before(30),
    involvedObject: { kind: 'Pod', name: 'web', uid: 'uid-of-web', fieldPath: 'spec.containers{app}' },
    ...more,
  };
}

/** An event about the pod as a whole. */
export function podEvent(reason: string, message: string): RawEvent {
  return event(reason, message, { involvedObject: { kind: 'Pod', name: 'web', uid: 'uid-of-web' } });
}

/** Everything that is known of a pod. */
export function factsOf(
  parts: PodParts = {},
  events: readonly RawEvent[] = [],
  more: Partial<PodFacts> = {},
): PodFacts {
  return { now: NOW, namespace: 'shop', pod: pod(parts), workloads: [], events: seenEvents(events), logs: [], ...more };
}
