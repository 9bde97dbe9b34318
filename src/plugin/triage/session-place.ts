import type { Pod } from '../../api/pod.ts';
import { judgedFields } from '../../policy/pod-fields.ts';
import { preflight } from '../../session/start/preflight.ts';
import { defaultContainer } from '../default-container.ts';
import { containersOf, isSteady } from './containers.ts';
import type { PodFacts, SeenPod } from './facts.ts';
import type { Finding } from './finding.ts';

/** Where a session of this pod would help. */
export type Place =
  /** It joins a container, and sees its processes and files. */
  | { kind: 'join'; containerName: string; why: string }
  /** It joins none: the network of the pod is all that it shares. */
  | { kind: 'beside'; why: string }
  /** No debug container can start in the pod now. */
  | { kind: 'none'; why: string };

/**
 * The place that fits what was found, by the very checks of the operator before it injects: what it refuses or waits
 * for is not suggested.
 */
export function placeOf({ pod, now }: PodFacts, found: readonly Finding[]): Place {
  const judged = judgedPod(pod);
  // The container that the gravest finding is about, else the one that kubectl takes.
  const wanted = found.find(({ container }) => container !== undefined)?.container ?? defaultContainer(pod);
  const objection = preflight(judged, { containerName: wanted });
  const seen = containersOf(pod).find(({ name }) => name === wanted);
  if (objection === undefined && seen !== undefined && isSteady(seen, now)) {
    return {
      kind: 'join',
      containerName: seen.name,
      why: `It joins container ${seen.name}: you see its processes and files.`,
    };
  }
  const beside = preflight(judged, {});
  if (beside !== undefined) return { kind: 'none', why: beside.message };
  const state =
    objection === undefined
      ? `Container ${wanted ?? ''} ends again and again, and ends every session that joins it`
      : `Container ${wanted ?? ''} does not run now`;
  return { kind: 'beside', why: `${state}. So the session joins no container: it has the network of the pod.` };
}

/** The pod as the operator judges it (src/api/pod.ts). */
function judgedPod({ metadata, spec, status, ...rest }: SeenPod): Pod {
  const { nodeName, os, restartPolicy, ephemeralContainers } = spec;
  const storedBytes = Buffer.byteLength(JSON.stringify({ metadata, spec, status, ...rest }));
  return {
    metadata: { ...metadata, storedBytes },
    spec: {
      ...judgedFields(spec),
      ...(nodeName !== undefined && { nodeName }),
      ...(os && { os }),
      ...(restartPolicy !== undefined && { restartPolicy }),
      ...(ephemeralContainers && { ephemeralContainers: ephemeralContainers.map(({ name }) => ({ name })) }),
    },
    status,
  };
}
