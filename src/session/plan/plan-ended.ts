import type { Run } from '../../api/debugsession.ts';
import { fromTimestamp } from '../../api/time.ts';
import type { Situation } from '../look/situation.ts';
import { type Plan, rest } from './effect.ts';
import { finish } from './write-status.ts';

/**
 * How much later than the end of one container the kubelet may report the end of another that ended with it, in ms.
 * The kubelet looks at its containers each second (`genericPlegRelistPeriod` in pkg/kubelet/kubelet.go). Its times are
 * whole seconds.
 */
const APART_MS = 3_000;

/** Where nothing says yet who killed a container that joined another, the end of the other may be reported next. */
export function planEnded(situation: Situation, ended: Run): Plan {
  const { session, now } = situation;
  const { exitCode, endedBy } = ended;
  const finishedAt = fromTimestamp(ended.finishedAt) ?? -Infinity;
  const isOpen = exitCode === 137 && endedBy === 'Unknown' && session.spec.target.containerName !== undefined;
  // Where the clock of the node is ahead, the operator does not wait.
  return isOpen && finishedAt <= now && now < finishedAt + APART_MS
    ? rest(now, finishedAt + APART_MS)
    : finish(situation, ended);
}
