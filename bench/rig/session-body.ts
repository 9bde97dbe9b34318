import { API_VERSION, KIND, type DebugSession, type DebugSessionSpec } from '../../src/api/debugsession.ts';
import { busyboxImage } from '../../test/cluster/image-names.ts';

/** The part of a spec that a measurement sets. */
export type GivenSpec = Pick<DebugSessionSpec, 'target'> & Partial<DebugSessionSpec>;

/** The session that probe and operator are measured with. */
export function sessionBody(name: string, spec: GivenSpec): object {
  const defaults = { image: busyboxImage, imagePullPolicy: 'IfNotPresent', command: ['sleep', '600'], ttl: '10m' };
  return { apiVersion: API_VERSION, kind: KIND, metadata: { name }, spec: { ...defaults, ...spec } };
}

/** Whether nothing more will happen to a session. */
export function isOver({ metadata, status }: DebugSession): boolean {
  return status?.completedAt !== undefined && (metadata.finalizers ?? []).length === 0;
}
