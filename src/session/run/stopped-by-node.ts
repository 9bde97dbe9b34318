import type { Run } from '../../api/debugsession.ts';
import type { Terminated } from '../../api/pod.ts';
import { type Actions, NO_ACTIONS } from '../look/actions.ts';
import { wasSignalled } from './claims.ts';

/**
 * Whether the runtime of the node ended the container because the operator asked it to. That it has done so is the
 * runtime's own word, which nobody in a container can forge. While this process asks, the record that it does so has to
 * do: a command may heed TERM and return any code. Of another process that asked, the code of a signal has to bear it
 * out.
 */
export function stoppedByNode(
  { stop }: Run,
  terminated: Terminated,
  { underWay, tried }: Actions = NO_ACTIONS,
): boolean {
  if (stop?.routes.includes('Node') !== true) return false;
  if (underWay === 'Node') return true;
  const last = tried.Node?.outcome.kind;
  // It had ended before this process asked: another may have asked before.
  if (last !== undefined && last !== 'notRunning') return last === 'asked';
  return underWay === undefined && stop.routes.at(-1) === 'Node' && wasSignalled(terminated);
}
