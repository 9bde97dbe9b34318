import type { Terminated } from '../../api/pod.ts';
import { fromTimestamp } from '../../api/time.ts';
import type { SeenContainerSpec, SeenContainerStatus, SeenPod } from './facts.ts';

/** A container of a pod with what the kubelet says of it; where the kubelet says nothing yet, it waits. */
export interface SeenContainer {
  name: string;
  role: 'container' | 'init container' | 'sidecar';
  spec: SeenContainerSpec;
  isRunning: boolean;
  isReady: boolean;
  /** Its startup probe has succeeded, or it has none. */
  isStarted: boolean;
  /** Of the start that is under way, in ms since the epoch. */
  startedAt?: number;
  /** It waits for this. Each may be empty. */
  waiting?: { reason: string; message: string };
  /** It has ended, and no other start is under way. */
  hasEnded: boolean;
  /** How it ended last: now, or before the start that is under way. */
  end?: Terminated;
  restarts: number;
  /** Limits and requests of memory and the like, by their name. */
  limits: Readonly<Record<string, string>>;
}

/** The containers in the order in which they start. Ephemeral ones are not among them. */
export function containersOf({ spec, status }: SeenPod): SeenContainer[] {
  const { containers, initContainers = [] } = spec;
  const statuses = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])];
  const seen = (one: SeenContainerSpec, role: SeenContainer['role']): SeenContainer => ({
    name: one.name,
    role,
    spec: one,
    limits: one.resources?.limits ?? {},
    ...stateOf(statuses.find(({ name }) => name === one.name)),
  });
  return [
    // An init container that is restarted for as long as the pod lives (KEP-753).
    ...initContainers.map((one) => seen(one, one.restartPolicy === 'Always' ? 'sidecar' : 'init container')),
    ...containers.map((one) => seen(one, 'container')),
  ];
}

type State = Omit<SeenContainer, 'name' | 'role' | 'spec' | 'limits'>;

const UNSEEN: State = { isRunning: false, isReady: false, isStarted: false, hasEnded: false, restarts: 0 };

function stateOf(status: SeenContainerStatus | undefined): State {
  if (status === undefined) return UNSEEN;
  const { state = {}, lastState = {}, ready = false, started = false, restartCount: restarts = 0 } = status;
  const { waiting, running } = state;
  const end = state.terminated ?? lastState.terminated;
  const startedAt = fromTimestamp(running?.startedAt);
  return {
    isRunning: running !== undefined,
    isReady: ready,
    isStarted: started,
    hasEnded: state.terminated !== undefined,
    restarts,
    ...(startedAt !== undefined && { startedAt }),
    ...(waiting && { waiting: { reason: waiting.reason ?? '', message: waiting.message ?? '' } }),
    ...(end && { end }),
  };
}

/** A container that was restarted and has not run for this long since may end at any moment. */
const STEADY_MS = 60_000;

/** Whether it runs on. Between two ends of a crash loop a container runs for a moment. @param now ms since the epoch */
export function isSteady({ isRunning, restarts, startedAt = 0 }: SeenContainer, now: number): boolean {
  return isRunning && (restarts === 0 || now - startedAt > STEADY_MS);
}

/** As a sentence begins with it, such as `Init container wait`. */
export function nameOf({ role, name }: SeenContainer): string {
  return `${role.charAt(0).toUpperCase()}${role.slice(1)} ${name}`;
}
