import { cutter, type Fields, KEPT } from '../api/cut.ts';
import type { PodContainer, PodMeta, PodSpec, PodVolume, RestartRule } from '../api/pod.ts';
import { nodePowerOf, type ContainerRights } from './node-power.ts';
import { type Limited, type LimitedPod, podLimits } from './pod-limits.ts';

/** What a policy judges of the spec of a core/v1 Pod, as the API server has it. */
export interface RawPodFields extends Pick<PodSpec, 'shareProcessNamespace' | 'hostPID' | 'hostNetwork' | 'hostIPC'> {
  containers: RawContainer[];
  initContainers?: RawContainer[];
  volumes?: RawVolume[];
  resources?: NonNullable<LimitedPod['resources']>;
  overhead?: NonNullable<LimitedPod['overhead']>;
}

export interface RawContainer extends ContainerRights, Limited {
  name: string;
  restartPolicy?: string;
  restartPolicyRules?: RestartRule[];
  volumeMounts?: { name: string; readOnly?: boolean }[];
}

interface RawVolume {
  name: string;
  hostPath?: object;
}

type JudgedSpec = Pick<PodSpec, Exclude<keyof RawPodFields, 'resources' | 'overhead'> | 'privileged' | 'limits'>;

/** A pod as far as a policy judges it: of a pod that runs as well as of one that is written in a file. */
export interface JudgedPod {
  metadata: Pick<PodMeta, 'name' | 'labels'>;
  spec: JudgedSpec;
}

const cutContainer = cutter<PodContainer, RawContainer>({
  name: KEPT,
  nodePower: nodePowerOf,
  restartPolicy: KEPT,
  restartPolicyRules: KEPT,
});

/** How each field is made that a policy judges (src/api/cut.ts). */
export const JUDGED_FIELDS: Fields<JudgedSpec, RawPodFields> = {
  shareProcessNamespace: KEPT,
  hostPID: KEPT,
  hostNetwork: KEPT,
  hostIPC: KEPT,
  privileged: (spec) =>
    all(spec).some(({ securityContext }) => securityContext?.privileged === true) ? true : undefined,
  limits: podLimits,
  containers: ({ containers }) => containers.map(cutContainer),
  initContainers: ({ initContainers }) => initContainers?.map(cutContainer),
  volumes: cutVolumes,
};

/** Cut down to what is judged: a field that says nothing is not there, for there may be 10,000 pods. */
export const judgedFields = cutter<JudgedSpec, RawPodFields>(JUDGED_FIELDS);

const cutVolume = cutter<PodVolume, { volume: RawVolume; mounted: Set<string>; written: Set<string> }>({
  name: ({ volume }) => volume.name,
  mounted: ({ volume, mounted }) => mounted.has(volume.name),
  writable: ({ volume, written }) => (written.has(volume.name) ? true : undefined),
  hostPath: ({ volume }) => (volume.hostPath === undefined ? undefined : true),
});

function cutVolumes(spec: RawPodFields): PodVolume[] | undefined {
  if (spec.volumes === undefined) return undefined;
  const mounted = new Set(all(spec).flatMap(mounts).map(nameOf));
  const lasting = [...spec.containers, ...(spec.initContainers ?? []).filter(isSidecar)];
  const written = new Set(
    lasting
      .flatMap(mounts)
      .filter(({ readOnly }) => readOnly !== true)
      .map(nameOf),
  );
  return spec.volumes.map((volume) => cutVolume({ volume, mounted, written }));
}

function all({ containers, initContainers = [] }: RawPodFields): RawContainer[] {
  return [...containers, ...initContainers];
}

/** An init container that is restarted for as long as the pod lives (KEP-753). */
function isSidecar({ restartPolicy }: RawContainer): boolean {
  return restartPolicy === 'Always';
}

function mounts({ volumeMounts = [] }: RawContainer): { name: string; readOnly?: boolean }[] {
  return volumeMounts;
}

function nameOf({ name }: { name: string }): string {
  return name;
}
