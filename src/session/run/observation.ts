import type { Sighting } from '../look/sighting.ts';
import type { ContainerStatus, Pod, Terminated } from '../../api/pod.ts';
import type { Run } from '../../api/debugsession.ts';
import type { FailureReason, InjectionReason } from '../../api/reasons.ts';
import { oneLine } from '../../text/one-line.ts';
import { notSetUp, nothingStartsIn } from './nothing-starts.ts';

/** What the API server and the kubelet say about the container of a run. */
export type Observation =
  | { kind: 'unseen' }
  /**
   * The pod of this run is not there any more; `terminated` if its container was seen to end before, `injected` if it
   * is known whether it stood there.
   */
  | ({ kind: 'podGone'; replaced: boolean; injected?: boolean; terminated?: Terminated } & Identity)
  /**
   * The container does not stand in the pod's spec, or (`nameTaken`) one that is not ours stands there under its name.
   */
  | { kind: 'notInjected'; pod: Pod; nameTaken: boolean }
  /** In the spec, not running; `reason` is normalised, so that it does not flap. */
  | { kind: 'waiting'; pod: Pod; reason: WaitingReason; message: string; final: boolean }
  | ({ kind: 'running'; pod: Pod; startedAt: string | undefined } & Identity)
  | ({ kind: 'terminated'; pod: Pod; terminated: Terminated } & Identity);

/** What ran: the digest of the image, and the container by its runtime's name for it. */
export interface Identity {
  imageID?: string;
  containerID?: string;
}

/** One kind of observation. */
export type Seen<K extends Observation['kind']> = Extract<Observation, { kind: K }>;

export type WaitingReason =
  | 'ContainerCreating'
  | Extract<FailureReason, 'ImagePullFailed' | 'InvalidImageName' | 'ContainerConfigError' | 'StartError'>
  | Extract<
      InjectionReason,
      'TargetContainerNotRunning' | 'TargetContainerNotFound' | 'PodFinished' | 'PodTerminating'
    >;

/** Reads what became of the container of a run. */
export function observe(run: Run, sessionUID: string, sighting: Sighting): Observation {
  if (sighting.kind === 'unseen' || sighting.kind === 'unresolved') return { kind: 'unseen' };
  const pod = sighting.kind === 'present' && sighting.pod.metadata.uid === run.podUID ? sighting.pod : undefined;
  if (pod === undefined) return afterPod(run, sighting);
  const inSpec = pod.spec.ephemeralContainers?.find((candidate) => candidate.name === run.debugContainerName);
  if (inSpec?.sessionUID !== sessionUID) return { kind: 'notInjected', pod, nameTaken: inSpec !== undefined };
  const { terminated, running, waiting, identity } = stateIn(pod, run);
  if (terminated !== undefined) return { kind: 'terminated', pod, terminated, ...identity };
  if (running !== undefined) return { kind: 'running', pod, ...identity, startedAt: running.startedAt };
  return waitingFor(pod, waiting);
}

function afterPod(run: Run, sighting: Exclude<Sighting, { kind: 'unseen' | 'unresolved' }>): Observation {
  const replaced = sighting.kind === 'present';
  const { last } = sighting;
  if (last === undefined || last.metadata.uid !== run.podUID) return { kind: 'podGone', replaced };
  const { terminated, identity } = stateIn(last, run);
  const injected =
    last.spec.ephemeralContainers?.some((container) => container.name === run.debugContainerName) ?? false;
  return { kind: 'podGone', replaced, injected, ...identity, ...(terminated && { terminated }) };
}

interface StateIn {
  terminated: Terminated | undefined;
  running: { startedAt?: string } | undefined;
  waiting: { reason?: string; message?: string } | undefined;
  identity: Identity;
}

function stateIn(pod: Pod, run: Run): StateIn {
  const status = pod.status.ephemeralContainerStatuses?.find((candidate) => candidate.name === run.debugContainerName);
  const { running, waiting, terminated } = status?.state ?? {};
  const [imageID, containerID] = [status?.imageID, status?.containerID ?? terminated?.containerID].map((id) =>
    oneLine(id ?? '', 512),
  );
  return {
    terminated: terminated ?? startFailure(status),
    running,
    waiting,
    identity: { ...(imageID && { imageID }), ...(containerID && { containerID }) },
  };
}

/**
 * A container that was created but could not be started is dead for good, yet the kubelet of a pod that restarts goes
 * on showing `waiting: RunContainerError` with the truth in lastState (reason cache of kuberuntime). One that runs
 * again after its end has a lastState too.
 */
function startFailure({ state, lastState }: Partial<ContainerStatus> = {}): Terminated | undefined {
  if (state?.running !== undefined) return undefined;
  return lastState?.terminated;
}

/**
 * The kubelet's waiting reasons, put into few words of ours. ErrImagePull and ImagePullBackOff alternate for ever: one
 * word, one status write. `final`: it cannot come true, although the kubelet itself tries for ever.
 */
const WAITING: Record<string, { reason: WaitingReason; final: boolean }> = {
  ErrImagePull: { reason: 'ImagePullFailed', final: false },
  ImagePullBackOff: { reason: 'ImagePullFailed', final: false },
  ErrImageNeverPull: { reason: 'ImagePullFailed', final: false },
  RegistryUnavailable: { reason: 'ImagePullFailed', final: false },
  ImageInspectError: { reason: 'ImagePullFailed', final: false },
  SignatureValidationFailed: { reason: 'ImagePullFailed', final: false },
  InvalidImageName: { reason: 'InvalidImageName', final: true },
  CreateContainerConfigError: { reason: 'ContainerConfigError', final: false },
  CreateContainerError: { reason: 'StartError', final: false },
  // Without a lastState it is no end: the runtime may not have answered in time, and start the container all the same.
  RunContainerError: { reason: 'StartError', final: false },
};

function waitingFor(pod: Pod, waiting: { reason?: string; message?: string } | undefined): Observation {
  const known = WAITING[waiting?.reason ?? ''];
  const said = oneLine(waiting?.message ?? '', 600);
  if (known !== undefined) {
    const words = said === '' ? (waiting?.reason ?? '') : said;
    return { kind: 'waiting', pod, ...known, message: words, ...refine(waiting?.reason, words) };
  }
  const unfit = nothingStartsIn(pod);
  if (unfit !== undefined) return { kind: 'waiting', pod, reason: unfit.reason, final: true, message: unfit.message };
  const silence = notSetUp(pod)?.message ?? 'The kubelet has not started the container yet';
  const message = said === '' ? silence : said;
  return { kind: 'waiting', pod, reason: 'ContainerCreating', final: false, message };
}

/**
 * Refusals that share one kubelet reason but not one cause. Texts: kubelet `generateContainerConfig`/kuberuntime and
 * containerd's CRI.
 */
function refine(
  kubeletReason: string | undefined,
  message: string,
): { reason?: WaitingReason; final?: boolean; message?: string } {
  if (/target container/i.test(message)) return { reason: 'TargetContainerNotRunning' };
  // The image would have to become another one for it to start. From the beginning of the words: the rest may be
  // somebody's, such as the name of a key that is missing.
  if (
    kubeletReason === 'CreateContainerConfigError' &&
    /^container(?: has runAsNonRoot|'s runAsUser breaks)/.test(message)
  )
    return { final: true, message: `${message}; name a user other than 0 in securityContext.runAsUser` };
  return {};
}
