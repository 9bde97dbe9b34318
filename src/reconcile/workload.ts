import type { WorkloadRef } from '../api/debugsession.ts';
import { ApiError } from '../kube/api-error.ts';
import { choosePod, selectorText } from '../session/start/choose-pod.ts';
import type { Sighting } from '../session/look/sighting.ts';
import { oneLine } from '../text/one-line.ts';
import type { SessionApi } from './session-api.ts';

/** The pod of a workload that a session is given, or why there is none. */
export async function resolveWorkload(
  api: SessionApi,
  namespace: string,
  ref: WorkloadRef,
  signal: AbortSignal,
): Promise<Sighting> {
  try {
    const workload = await api.getWorkload(namespace, ref, signal);
    const labelSelector = selectorText(workload.spec?.selector ?? {});
    if (labelSelector === '') return notFound(`${ref.kind} ${ref.name} selects no pods`);
    const owners = new Set([workload.metadata.uid]);
    if (ref.kind === 'Deployment') await addReplicaSets(api, { namespace, labelSelector, owners }, signal);
    return choosePod(ref, await api.listPods(namespace, labelSelector, signal), owners);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // No right to read workloads or pods. Said in status and given up in time, like any other wait.
    if (error.code === 403) return { kind: 'unresolved', reason: 'Forbidden', message: oneLine(error.message, 900) };
    if (error.code !== 404) throw error;
    return notFound(`There is no ${ref.kind} ${ref.name} in namespace ${namespace}; waiting for it to appear`);
  }
}

function notFound(message: string): Sighting {
  return { kind: 'unresolved', reason: 'WorkloadNotFound', message };
}

/** A Deployment's pods are controlled by its ReplicaSets. */
async function addReplicaSets(
  api: SessionApi,
  search: { namespace: string; labelSelector: string; owners: Set<string> },
  signal: AbortSignal,
): Promise<void> {
  const { namespace, labelSelector, owners } = search;
  for (const { metadata } of await api.listReplicaSets(namespace, labelSelector, signal)) {
    if (metadata.ownerReferences?.some((o) => o.controller === true && owners.has(o.uid))) owners.add(metadata.uid);
  }
}
