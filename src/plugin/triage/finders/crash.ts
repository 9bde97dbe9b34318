import type { Terminated } from '../../../api/pod.ts';
import { fromTimestamp } from '../../../api/time.ts';
import { lengthOfTime } from '../../words/length-of-time.ts';
import { containersOf, isSteady, nameOf, type SeenContainer } from '../containers.ts';
import { exitCodeWords } from '../exit-code.ts';
import type { PodFacts } from '../facts.ts';
import type { Finding } from '../finding.ts';
import { counted } from '../../words/counted.ts';
import { ago, joined } from '../when.ts';
import { notCreated } from './not-created.ts';
import { wasOutOfMemory } from './out-of-memory.ts';
import { killedByProbe } from './probes.ts';

/** A restart this long ago is told, and is no trouble of now. */
const OLD_MS = 24 * 60 * 60_000;

/** A container that has ended. */
type Ended = SeenContainer & { end: Terminated };

/** A container that ended although it should run: it waits for its next start, or runs again. */
export function crash(facts: PodFacts): Finding[] {
  const { phase } = facts.pod.status;
  // Of a pod that has ended, or is about to, finished.ts and terminating.ts tell.
  if (phase === 'Succeeded' || phase === 'Failed' || facts.pod.metadata.deletionTimestamp !== undefined) return [];
  const others = notCreated(facts).map(({ container }) => container);
  return containersOf(facts.pod)
    .filter((one) => !wasOutOfMemory(one) && !others.includes(one.name) && killedByProbe(facts, one) === undefined)
    .filter((one): one is Ended => one.end !== undefined && hasCrashed(facts, one))
    .map((container) => crashOf(facts, container));
}

function hasCrashed({ pod }: PodFacts, { role, spec, isRunning, hasEnded, end, restarts }: SeenContainer): boolean {
  if (isRunning) return restarts > 0;
  const policy = spec.restartPolicy ?? pod.spec.restartPolicy ?? 'Always';
  // An init container that has ended well has done its part, and so has one that is not to go on for ever.
  const mayEnd = role === 'init container' || (role === 'container' && policy !== 'Always');
  return !(hasEnded && end?.exitCode === 0 && mayEnd);
}

function crashOf(facts: PodFacts, container: Ended): Finding {
  return {
    container: container.name,
    ...standing(facts, container),
    seen: seen(facts, container),
    means: meaning(container),
    todo: advice(facts, container),
  };
}

function standing({ now }: PodFacts, container: Ended): Pick<Finding, 'kind' | 'weight' | 'title'> {
  const name = nameOf(container);
  if (isSteady(container, now)) {
    const isOld = now - (fromTimestamp(container.end.finishedAt) ?? now) > OLD_MS;
    const title = `${name} runs now, and was restarted ${counted(container.restarts, 'time')}`;
    return { kind: 'Restarted', weight: isOld ? 'note' : 'warning', title };
  }
  if (container.hasEnded && container.restarts === 0)
    return { kind: 'ContainerEnded', weight: 'broken', title: `${name} has ended` };
  return { kind: 'CrashLoopBackOff', weight: 'broken', title: `${name} ends again and again` };
}

function seen({ now }: PodFacts, { end, restarts, waiting }: Ended): string[] {
  const lived = livedFor(end);
  return [
    joined([
      `exit code ${end.exitCode}${end.reason === undefined ? '' : ` (${end.reason})`}`,
      lived === undefined ? '' : `after ${lived}`,
      ago(end.finishedAt, now),
      counted(restarts, 'restart'),
    ]),
    joined([waiting?.reason, waiting?.message], ': '),
    joined([end.message === undefined ? '' : `termination message: ${end.message}`]),
  ].filter((line) => line !== '');
}

/** Times are to the second. */
function livedFor({ startedAt, finishedAt }: Terminated): string | undefined {
  const [from, to] = [fromTimestamp(startedAt), fromTimestamp(finishedAt)];
  if (from === undefined || to === undefined || from <= 0) return undefined;
  return to === from ? 'less than 1s' : lengthOfTime(to - from);
}

function meaning(container: Ended): string {
  const words = exitCodeWords(container.end);
  return joined(
    [
      `${words.charAt(0).toUpperCase()}${words.slice(1)}.`,
      container.end.exitCode === 0 ? 'This container must go on, so the kubelet starts it again.' : '',
      container.role === 'container' || container.isRunning ? '' : 'The containers behind it do not start before.',
      container.restarts > 0 && !container.isRunning ? 'The kubelet waits longer after each end, up to 5 minutes.' : '',
    ],
    ' ',
  );
}

function advice({ pod, namespace }: PodFacts, { name, hasEnded, restarts, end }: Ended): string[] {
  // Until somebody types it, the next start may have come; the log before is of such an end as well.
  const previous = hasEnded && restarts === 0 ? '' : ' --previous';
  const log = `Read its whole log: kubectl logs ${pod.metadata.name} -c ${name}${previous} -n ${namespace}`;
  switch (end.exitCode) {
    case 0:
      return ['Let the program run in the foreground, or make it a Job.', log];
    case 126:
    case 127:
      return ['Correct command or args of the container: a program that they name is missing or not executable.', log];
    default:
      return [log];
  }
}
