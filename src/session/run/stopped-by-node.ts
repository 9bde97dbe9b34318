import type { Run } from '../../api/debugsession.ts';
import type { Terminated } from '../../api/pod.ts';
import { type Actions, NO_ACTIONS } from '../look/actions.ts';
import { wasSignalled } from './claims.ts';

/**
 * Whether the runtime of the node ended the container because the operator asked it to. That it has done so is the
 * runtime's own word, which nobody in a container can forge. Where this process has not heard it (it asks just now, or
 * another process did), the kubelet's report has to bear it out: the runtime ends by a signal.
 */
export function stoppedByNode(
  { stop }: Run,
  terminated: Terminated,
  { underWay, tried }: Actions = NO_ACTIONS,
): boolean {
  if (stop?.routes.includes('Node') !== true) return false;
  if (underWay !== 'Node' && tried.Node !== undefined) return tried.Node.outcome.kind === 'asked';
  const isNewest = underWay === 'Node' || (underWay === undefined && stop.routes.at(-1) === 'Node');
  return isNewest && wasSignalled(terminated);
}
