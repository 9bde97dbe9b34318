import type { DebugSession } from '../src/api/debugsession.ts';
import { podsPath, sessionsPath } from '../src/reconcile/session-api.ts';
import type { RawPod } from '../src/reconcile/trim.ts';
import { Followed } from './followed.ts';
import { PlayedKubelet } from './played-kubelet.ts';
import type { Rig } from './rig.ts';

/** A namespace with a played kubelet, and all that happens in it in sight. */
export interface Stand {
  namespace: string;
  pods: Followed<RawPod>;
  sessions: Followed<DebugSession>;
  kubelet: PlayedKubelet;
  /** Stops looking and playing; the namespace stays until the rig is closed. */
  stop(): Promise<void>;
}

/** @param options.ends false: injected containers run for ever */
export async function openStand(rig: Rig, name: string, options: { ends: boolean }): Promise<Stand> {
  const namespace = await rig.namespace(name);
  const pods = await Followed.start<RawPod>(rig.client, podsPath(namespace));
  const sessions = await Followed.start<DebugSession>(rig.client, sessionsPath(namespace));
  const kubelet = new PlayedKubelet(rig.client, namespace, { pods, sessions }, options);
  const stop = async (): Promise<void> => {
    await Promise.all([pods.stop(), sessions.stop()]);
  };
  return { namespace, pods, sessions, kubelet, stop };
}
