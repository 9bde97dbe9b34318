import type { DebugSession } from '../../src/api/debugsession.ts';
import { podsPath, sessionsPath } from '../../src/reconcile/session-api.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { Followed } from './followed.ts';
import { PlayedKubelet } from './played-kubelet.ts';
import { DEBUGGABLE } from './played-node.ts';
import type { Rig } from './rig.ts';

/** A namespace with a played kubelet, and all that happens in it in sight. */
export interface Stand {
  namespace: string;
  pods: Followed<RawPod>;
  sessions: Followed<DebugSession>;
  kubelet: PlayedKubelet;
  /** Stops looking and playing; the namespace stays until the rig is cleared or closed. */
  stop(): Promise<void>;
}

/** @param options.ends false: injected containers run for ever */
export async function openStand(rig: Rig, name: string, options: { ends: boolean }): Promise<Stand> {
  const namespace = await rig.namespace(name);
  // Of pods that are there in thousands only to be there, nobody here needs to know.
  const pods = await Followed.start<RawPod>(rig.client, podsPath(namespace), { labelSelector: DEBUGGABLE });
  const sessions = await Followed.start<DebugSession>(rig.client, sessionsPath(namespace));
  const kubelet = new PlayedKubelet(rig.client, namespace, { pods, sessions }, options);
  const stop = async (): Promise<void> => {
    await Promise.all([pods.stop(), sessions.stop()]);
  };
  return { namespace, pods, sessions, kubelet, stop };
}

/** PREFIX-0, PREFIX-1 and so on. */
export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}-${index}`);
}

/** When one more container than now stands in a pod's spec, in ms of the monotonic clock. */
export function inSpecSince(stand: Stand, pod: string): Promise<number> {
  const known = containers(stand.pods.list().find(({ metadata }) => metadata.name === pod));
  const seen = stand.pods.until(pod, (now) => containers(now) > known, 120_000).then(({ at }) => at);
  // As with `until` itself: it may be that nobody waits for it any more.
  seen.catch(() => undefined);
  return seen;
}

function containers(pod: RawPod | undefined): number {
  return pod?.spec?.ephemeralContainers?.length ?? 0;
}
