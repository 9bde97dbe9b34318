import type { DebugSession, Run } from '../../src/api/debugsession.ts';
import type { EphemeralContainer } from '../../src/api/ephemeral-container.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { ATTEMPT_VARIABLE, UID_VARIABLE } from '../../src/session/container/container.ts';
import { brokenRules, brokenTransition } from '../support/world/status-rules.ts';

/** One version of an object, as a watch showed it. */
export interface Seen<T> {
  version: bigint;
  /** When it was seen, in ms since the epoch. */
  at: number;
  isGone: boolean;
  object: T;
}

/**
 * All versions of the sessions and pods of a namespace. The two kinds share one count of versions: the API server takes
 * it from etcd's revision.
 */
export interface History {
  sessions: readonly Seen<DebugSession>[];
  pods: readonly Seen<RawPod>[];
}

/** What was promised and not kept, each a sentence. Every version counts, not only the last. */
export function brokenPromises(history: History): string[] {
  const { sessions, pods } = history;
  const bySession = Map.groupBy(sessions, ({ object }) => object.metadata.uid);
  const broken = [
    ...[...bySession.values()].flatMap(brokenStatuses),
    ...pods.flatMap(({ object }) => doubled(object)),
    ...pods.flatMap((seen) => withoutIntent(seen, history)),
    ...sessions.flatMap((seen) => livesOn(seen, history)),
    ...sessions.flatMap((seen) => isDead(seen, history)),
  ];
  return [...new Set(broken)];
}

function brokenStatuses(versions: Seen<DebugSession>[]): string[] {
  const name = versions[0]?.object.metadata.name ?? '';
  return versions.flatMap(({ object }, index) => {
    const before = versions[index - 1]?.object;
    const broken = [...brokenRules(object), ...(before === undefined ? [] : brokenTransition(before, object))];
    return broken.map((rule) => `session ${name}, version ${object.metadata.resourceVersion}: ${rule}`);
  });
}

interface Injected {
  name: string;
  session: string;
  attempt: number;
}

/** The containers of sessions in a pod. */
function injectedInto(pod: RawPod): Injected[] {
  const containers = (pod.spec?.ephemeralContainers ?? []) as Pick<EphemeralContainer, 'name' | 'env'>[];
  return containers.map(({ name, env }) => {
    const value = (variable: string): string => env.find((one) => one.name === variable)?.value ?? '';
    return { name, session: value(UID_VARIABLE), attempt: Number(value(ATTEMPT_VARIABLE)) };
  });
}

function doubled(pod: RawPod): string[] {
  const runs = Map.groupBy(injectedInto(pod), ({ session, attempt }) => `${session}/${attempt}`);
  return [...runs.values()]
    .filter((containers) => containers.length > 1)
    .map((all) => `pod ${pod.metadata.name}: one attempt has ${all.map(({ name }) => name).join(' and ')}`);
}

function withoutIntent({ version, object: pod }: Seen<RawPod>, { sessions }: History): string[] {
  const isIntended = ({ name, session, attempt }: Injected): boolean =>
    sessions.some(
      ({ version: written, object }) =>
        written < version &&
        object.metadata.uid === session &&
        object.status?.runs?.some(
          (run) => run.attempt === attempt && run.podUID === pod.metadata.uid && run.debugContainerName === name,
        ) === true,
    );
  return injectedInto(pod)
    .filter((container) => !isIntended(container))
    .map(({ name }) => `pod ${pod.metadata.name}: container ${name} stands there without an intent before it`);
}

/** Containers that are called ended, or are let go of, and that the kubelet last said to be running. */
function livesOn({ version, isGone, object: session }: Seen<DebugSession>, { pods }: History): string[] {
  const isConfirmed =
    session.status?.conditions?.some((c) => c.type === 'StopConfirmed' && c.status === 'True') === true;
  const calledEnded = (run: Run): boolean => isGone || isConfirmed || run.state === 'Ended';
  const lives = (run: Run): boolean => {
    const last = pods.filter((pod) => pod.version < version && pod.object.metadata.uid === run.podUID).at(-1);
    if (last === undefined || last.isGone) return false;
    const statuses = last.object.status?.ephemeralContainerStatuses ?? [];
    return statuses.find(({ name }) => name === run.debugContainerName)?.state?.running !== undefined;
  };
  const said = isGone ? 'was let go of' : 'is called ended';
  return (session.status?.runs ?? [])
    .filter((run) => calledEnded(run) && lives(run))
    .map((run) => `session ${session.metadata.name}: container ${run.debugContainerName} ${said} and runs`);
}

/**
 * Containers that are said to run when they have ended. The kubelet reports an end late, so its time counts: the whole
 * second of it.
 */
function isDead({ at, object: session }: Seen<DebugSession>, { pods }: History): string[] {
  const said = (session.status?.conditions ?? [])
    .map(({ message }) => message)
    .find((words) => /still runs/.test(words));
  if (said === undefined) return [];
  return (session.status?.runs ?? [])
    .filter((run) => at >= (endOf(run, pods) ?? Infinity))
    .map((run) => `session ${session.metadata.name}: container ${run.debugContainerName} has ended: ${said}`);
}

/** When the container of a run ended, as the kubelet said last, in ms since the epoch. */
function endOf(run: Run, pods: readonly Seen<RawPod>[]): number | undefined {
  const last = pods.findLast(({ object }) => object.metadata.uid === run.podUID);
  const statuses = last?.object.status?.ephemeralContainerStatuses ?? [];
  const { terminated } = statuses.find(({ name }) => name === run.debugContainerName)?.state ?? {};
  return terminated?.finishedAt === undefined ? undefined : Date.parse(terminated.finishedAt);
}
