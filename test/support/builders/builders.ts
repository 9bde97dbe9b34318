import {
  API_VERSION,
  type DebugSession,
  type DebugSessionSpec,
  type DebugSessionStatus,
  KIND,
} from '../../../src/api/debugsession.ts';
import type { ContainerStatus, Pod } from '../../../src/api/pod.ts';

/** A fixed point in time for pure tests: 2026-01-01T12:00:00Z. */
export const NOON = Date.parse('2026-01-01T12:00:00Z');

/** In ms after its intent no injection is under way any more: 35 s (docs/adr/0070), and a part of a second. */
export const ARRIVED_MS = 36_000;

/** A session as the API server would hand it out, right after its creation. */
export function aSession(
  spec: Partial<DebugSessionSpec> = {},
  rest: { status?: DebugSessionStatus; metadata?: Partial<DebugSession['metadata']> } = {},
): DebugSession {
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: {
      name: 'inspect-web',
      namespace: 'shop',
      uid: '7f1c1d4e-0000-4000-8000-000000000001',
      resourceVersion: '100',
      generation: 1,
      creationTimestamp: '2026-01-01T12:00:00Z',
      ...rest.metadata,
    },
    spec: {
      target: { podName: 'web-1' },
      image: 'docker.io/library/busybox:1.36',
      attempt: 1,
      requestedBy: { username: 'dana', groups: ['system:authenticated'] },
      ...spec,
    },
    status: rest.status ?? { observedGeneration: -1 },
  };
}

/** A running pod with one running container `app`. */
export function aPod(change: (pod: Pod) => void = () => undefined): Pod {
  const pod: Pod = {
    metadata: {
      name: 'web-1',
      namespace: 'shop',
      uid: 'pod-uid-1',
      resourceVersion: '50',
      creationTimestamp: '2026-01-01T11:00:00Z',
    },
    spec: { nodeName: 'node-1', restartPolicy: 'Always', containers: [{ name: 'app' }] },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'True' }],
      containerStatuses: [aStatus('app', { running: { startedAt: '2026-01-01T11:00:05Z' } })],
    },
  };
  change(pod);
  return pod;
}

export function aStatus(
  name: string,
  state: ContainerStatus['state'],
  more: Partial<ContainerStatus> = {},
): ContainerStatus {
  return { name, ready: state?.running !== undefined, restartCount: 0, ...(state && { state }), ...more };
}
