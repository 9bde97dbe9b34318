import type { During, Run } from '../../api/debugsession.ts';
import type { ContainerStatus, Pod, Terminated } from '../../api/pod.ts';
import { fromTimestamp } from '../../api/time.ts';
import { hasEndedForGood } from './restarts.ts';

/** The bound of the CRD. */
const MAX_DURING = 20;

/**
 * The run with what has happened to its pod while its container ran, whoever caused it. Of each kind the first time for
 * each container: a container that crashes again and again is one line. By the kubelet's times alone, in whole seconds,
 * so the clock of the operator does not count.
 */
export function withDuring(run: Run, pod: Pod | undefined): Run {
  if (pod === undefined || run.startedAt === undefined) return run;
  const known = run.during ?? [];
  const isNew = ({ what, containerName }: During): boolean =>
    !known.some((one) => one.what === what && one.containerName === containerName);
  const news = happenings(run, pod).filter(isNew);
  return news.length === 0 ? run : { ...run, during: [...known, ...news].slice(0, MAX_DURING) };
}

function happenings(run: Run, pod: Pod): During[] {
  const { containerStatuses = [], initContainerStatuses = [], ephemeralContainerStatuses = [] } = pod.status;
  const own = [...initContainerStatuses, ...containerStatuses];
  const others = ephemeralContainerStatuses.filter(({ name }) => name !== run.debugContainerName);
  return [...own, ...others].flatMap((status) => endsOf(run, pod, status)).concat(evictionOf(run, pod));
}

function endsOf(run: Run, pod: Pod, status: ContainerStatus): During[] {
  const { state, lastState } = status;
  const ends = [lastState?.terminated, state?.terminated].filter((end) => end !== undefined);
  const during = ends.find((end) => isWithin(run, end.finishedAt) && !wasBefore(run, status.name, end));
  if (during?.finishedAt === undefined) return [];
  const { exitCode, finishedAt: at, reason } = during;
  const containerName = status.name;
  if (reason === 'OOMKilled') return [{ what: 'OOMKilled', containerName, at, exitCode }];
  return startsAgain(pod, status, during) ? [{ what: 'Restarted', containerName, at, exitCode }] : [];
}

/** It has been started again after this end, or the kubelet will. */
function startsAgain(pod: Pod, { name, lastState }: ContainerStatus, end: Terminated): boolean {
  if (lastState?.terminated === end) return true;
  const { containers, initContainers = [] } = pod.spec;
  const isOwn = [...containers, ...initContainers].some((container) => container.name === name);
  const isGoing = pod.metadata.deletionTimestamp !== undefined || pod.status.phase === 'Failed';
  return isOwn && !isGoing && !hasEndedForGood(pod, name, end.exitCode);
}

/** The API server and the kubelet say so of a pod that is evicted (KEP-3329). */
function evictionOf(run: Run, { status: { conditions = [] } }: Pod): During[] {
  const target = conditions.find(({ type, status }) => type === 'DisruptionTarget' && status === 'True');
  const at = target?.lastTransitionTime;
  return at !== undefined && isWithin(run, at) ? [{ what: 'Evicted', at }] : [];
}

function isWithin({ startedAt, finishedAt }: Run, time: string | undefined): boolean {
  const at = fromTimestamp(time);
  if (at === undefined) return false;
  return at >= (fromTimestamp(startedAt) ?? Infinity) && at <= (fromTimestamp(finishedAt) ?? Infinity);
}

/** An end in the very second of the start, that the record has as one before it. */
function wasBefore({ before }: Run, name: string, { finishedAt }: Terminated): boolean {
  return before?.containerName === name && before.lastTermination?.finishedAt === finishedAt;
}
