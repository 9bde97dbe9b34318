import type { PodContainer, PodSpec, PodVolume } from '../api/pod.ts';
import { nodePowerOf, type ContainerRights } from './node-power.ts';

/** What a policy judges of the spec of a core/v1 Pod, as the API server has it. */
export interface RawPodFields {
  containers: RawContainer[];
  initContainers?: RawContainer[];
  volumes?: { name: string; hostPath?: object }[];
}

export interface RawContainer extends ContainerRights {
  name: string;
  restartPolicy?: string;
  volumeMounts?: { name: string; readOnly?: boolean }[];
}

type Judged = Pick<PodSpec, 'privileged' | 'containers' | 'initContainers' | 'volumes'>;

/** Cut down to what is judged: a field that says nothing is not there, for there may be 10,000 pods. */
export function judgedFields({ containers, initContainers, volumes }: RawPodFields): Judged {
  const all = [...containers, ...(initContainers ?? [])];
  const judged: Judged = { containers: containers.map(containerFields) };
  if (all.some(({ securityContext }) => securityContext?.privileged === true)) judged.privileged = true;
  if (initContainers !== undefined) judged.initContainers = initContainers.map(initContainerFields);
  if (volumes !== undefined) {
    const lasting = [...containers, ...(initContainers ?? []).filter(isSidecar)];
    const mounted = new Set(all.flatMap(mounts).map(({ name }) => name));
    const written = lasting.flatMap(mounts).filter(({ readOnly }) => readOnly !== true);
    const writable = new Set(written.map(({ name }) => name));
    judged.volumes = volumes.map(({ name, hostPath }): PodVolume => {
      return {
        name,
        mounted: mounted.has(name),
        ...(writable.has(name) && { writable: true }),
        ...(hostPath !== undefined && { hostPath: true }),
      };
    });
  }
  return judged;
}

function containerFields(container: RawContainer): PodContainer {
  const nodePower = nodePowerOf(container);
  return { name: container.name, ...(nodePower !== undefined && { nodePower }) };
}

function initContainerFields(container: RawContainer): PodContainer {
  return { ...containerFields(container), ...(isSidecar(container) && { restartPolicy: 'Always' }) };
}

/** An init container that is restarted for as long as the pod lives (KEP-753). */
function isSidecar({ restartPolicy }: RawContainer): boolean {
  return restartPolicy === 'Always';
}

function mounts({ volumeMounts = [] }: RawContainer): { name: string; readOnly?: boolean }[] {
  return volumeMounts;
}
