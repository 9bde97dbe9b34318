import { containersOf } from './containers.ts';
import type { SeenPod } from './facts.ts';

/** A log whose last lines may say why. */
export interface WantedLog {
  container: string;
  /** That of the container before its last restart. */
  isPrevious: boolean;
}

/** Each is a request, and a reader reads no more. */
const MOST = 3;

/**
 * The logs of containers that ended with an error or again and again, and of those that run and are not ready.
 */
export function logsWanted(pod: SeenPod): WantedLog[] {
  return containersOf(pod)
    .flatMap(({ name, role, isRunning, isReady, hasEnded, restarts, end }): WantedLog[] => {
      const hasFailed = end !== undefined && (end.exitCode !== 0 || restarts > 0);
      // A container that never ran has written nothing.
      if (hasFailed && end.reason !== 'StartError' && end.reason !== 'ContainerCannotRun') {
        return [{ container: name, isPrevious: !hasEnded }];
      }
      const isUnready = isRunning && (!isReady || role === 'init container');
      return isUnready ? [{ container: name, isPrevious: false }] : [];
    })
    .slice(0, MOST);
}
