import { consequencesOf } from '../run/fate.ts';
import { processNamespaceOf, WHOLE_POD } from '../../policy/process-namespace.ts';
import { limitsOf, type PolicyView } from '../look/rules.ts';
import type { Others, Place, Waiter } from '../look/places.ts';
import type { PolicyLimits } from '../../api/debugpolicy.ts';
import type { DebugSession, Run } from '../../api/debugsession.ts';
import type { ContainerState, Pod } from '../../api/pod.ts';
import type { InjectionReason } from '../../api/reasons.ts';
import { isWaiting, wantsStart } from '../run/lifecycle.ts';

/** Why a session waits for a limit. */
export const LIMIT_REACHED = 'LimitReached' satisfies InjectionReason;

/** The places of a session: of each run whose container lives, or may, as far as the record knows. */
export function placesTaken(session: DebugSession, now: number): { run: Run; place: Place }[] {
  return (session.status?.runs ?? [])
    .filter((run) => consequencesOf(run, now).holdsPlace)
    .map((run) => ({ run, place: placeOf(session, run) }));
}

/** The place of a run. */
export function placeOf(
  { metadata }: DebugSession,
  { podName, requestedBy, joins }: { [K in 'podName' | 'requestedBy' | 'joins']?: Run[K] | undefined },
): Place {
  return {
    uid: metadata.uid,
    namespace: metadata.namespace,
    ...(requestedBy && { user: requestedBy.username }),
    ...(podName !== undefined && { podName }),
    ...(joins !== undefined && { joins }),
  };
}

/** The place that a session asks for, as far as that is known without its pod. */
export function placeWanted(session: DebugSession, pod?: Pod): Place {
  const { requestedBy, target } = session.spec;
  const podName = pod?.metadata.name ?? target.podName;
  const joins = pod === undefined ? target.containerName : processNamespaceOf(target, pod);
  return placeOf(session, { podName, requestedBy, joins });
}

/** It is allowed, its pod is there, and it waits for others to end. */
export function waitsForLimit(session: DebugSession): boolean {
  return wantsStart(session) && isWaiting(session) && session.status?.waitingFor === LIMIT_REACHED;
}

/**
 * First come, first served: by when it began to wait, which is a whole second, then by when it was made. To be compared
 * as text. Undefined: it does not wait yet.
 */
export function turnOf(session: DebugSession): string | undefined {
  const since = session.status?.waitingSince;
  const { creationTimestamp = '', uid } = session.metadata;
  return since === undefined ? undefined : `${since} ${creationTimestamp} ${uid}`;
}

interface Scope {
  key: string;
  /** Counted by these keys: by its own, but for what may belong to it. */
  keys: readonly string[];
  limit: 'perPod' | 'perUser' | 'perNamespace' | 'perUserPerPod' | 'perTarget';
  words: string;
}

function scopesOf({ namespace, user, podName, joins }: Place): Scope[] {
  const scopes = [scope('perNamespace', `n/${namespace}`, `in namespace ${namespace}`)];
  if (user !== undefined) scopes.push(scope('perUser', `u/${user}`, `of ${user}`));
  if (podName === undefined) return scopes;
  const pod = `${namespace}/${podName}`;
  scopes.push(scope('perPod', `p/${pod}`, `in pod ${podName}`));
  if (user !== undefined) {
    const words = `of ${user} in pod ${podName}`;
    scopes.push(scope('perUserPerPod', `b/${pod}/${user}`, words, unheardKey(pod)));
  }
  if (joins !== undefined) {
    const whose = joins === WHOLE_POD ? `of pod ${podName}` : `of container ${joins} of pod ${podName}`;
    scopes.push(scope('perTarget', `t/${pod}/${joins}`, `in the process namespace ${whose}`));
  }
  return scopes;
}

function scope(limit: Scope['limit'], key: string, words: string, ...others: string[]): Scope {
  return { key, keys: [key, ...others], limit, words };
}

/** Under it counts what stands in a pod and may be any user's. */
function unheardKey(pod: string): string {
  return `x/${pod}`;
}

/** What a place counts under. */
function keysOf(place: Place): string[] {
  const keys = scopesOf(place).map(({ key }) => key);
  return place.isUnheard === true ? [...keys, unheardKey(`${place.namespace}/${place.podName}`)] : keys;
}

/** How many sessions of one user may wait where their policy does not say. */
export const WAITING_PER_USER = 50;

/** Why a session may not begin to wait, in words; undefined: it may. One that waits already goes on. */
export function tooManyWaiting({ spec }: DebugSession, policy: PolicyView, others: Others): string | undefined {
  const user = spec.requestedBy?.username;
  if (user === undefined || policy.kind === 'unread') return undefined;
  const most = limitsOf(policy).waitingPerUser ?? WAITING_PER_USER;
  const count = others.waiting?.() ?? 0;
  if (count < most) return undefined;
  const waiting = `${count} ${count === 1 ? 'session of' : 'sessions of'} ${user} ${count === 1 ? 'waits' : 'wait'}`;
  return `The policy sets limits.waitingPerUser to ${most}, and ${waiting}; delete some of them, then raise spec.attempt`;
}

/** The limits that are asked about; one that is undefined is none. */
type SomeLimits = { [K in keyof PolicyLimits]: PolicyLimits[K] | undefined };

/** Which limit of a place is reached, in words. */
function reachedBy(place: Place, limits: SomeLimits, countOf: (scope: Scope) => number): string | undefined {
  for (const scope of scopesOf(place)) {
    const { limit, words } = scope;
    const most = limits[limit];
    const count = countOf(scope);
    if (most !== undefined && count >= most)
      return `The policy sets limits.${limit} to ${most}, and there ${count === 1 ? 'is 1 live session' : `are ${count} live sessions`} ${words}`;
  }
  return undefined;
}

/** How many live where a limit counts them, for whoever asks. */
class Tally {
  readonly #counts = new Map<string, number>();

  constructor(taken: readonly Place[]) {
    for (const place of taken) this.add(place);
  }

  add(place: Place): void {
    for (const key of keysOf(place)) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  reached(place: Place, limits: SomeLimits): string | undefined {
    return reachedBy(place, limits, ({ keys }) => {
      return keys.reduce((sum, key) => sum + (this.#counts.get(key) ?? 0), 0);
    });
  }
}

/** The same for one place alone: thousands may live. */
function countAround(
  { namespace, user, podName, joins }: Place,
  taken: readonly Place[],
): Record<Scope['limit'], number> {
  const counts = { perPod: 0, perUser: 0, perNamespace: 0, perUserPerPod: 0, perTarget: 0 };
  for (const other of taken) {
    if (other.user === user) counts.perUser += 1;
    if (other.namespace !== namespace) continue;
    counts.perNamespace += 1;
    if (other.podName !== podName) continue;
    counts.perPod += 1;
    if (other.user === user || other.isUnheard === true) counts.perUserPerPod += 1;
    if (other.joins === joins) counts.perTarget += 1;
  }
  return counts;
}

/**
 * Which limit stands in the way of a place now, in words; undefined: none. Those ahead go first: each that could start
 * takes its place, one that could not takes none, so that whoever waits for one limit does not hold up those that it
 * has no part in.
 */
export function limitReached(
  wanted: Place,
  limits: SomeLimits,
  { taken, ahead }: Pick<Others, 'taken' | 'ahead'>,
): string | undefined {
  if (scopesOf(wanted).every(({ limit }) => limits[limit] === undefined)) return undefined;
  const places = taken();
  const counts = countAround(wanted, places);
  const reached = reachedBy(wanted, limits, ({ limit }) => counts[limit]);
  if (reached !== undefined) return reached;
  const line = ahead();
  if (line.length === 0) return undefined;
  const tally = new Tally(places);
  seat(tally, line);
  const before = tally.reached(wanted, limits);
  return before === undefined ? undefined : `${before}, counting those that asked before`;
}

/** Of those who wait, in the order of asking: who could start now. */
export function whoMayStart(taken: readonly Place[], line: readonly Waiter[]): Waiter[] {
  return seat(new Tally(taken), line);
}

function seat(tally: Tally, line: readonly Waiter[]): Waiter[] {
  const seated: Waiter[] = [];
  for (const waiter of line) {
    if (tally.reached(waiter, waiter.limits) !== undefined) continue;
    tally.add(waiter);
    seated.push(waiter);
  }
  return seated;
}

/** The others as the pod itself shows them, which no cache can be behind of: by that a limit of the pod is strict. */
export function withThoseIn(pod: Pod, self: string, others: Others): Others {
  const taken = (): Place[] => {
    const known = others.taken();
    return [...known, ...uncountedIn(pod, self, { known, isOver: others.isOver })];
  };
  return { ...others, taken };
}

/** Sessions that have just been injected by another operator: nothing is known of them but their container. */
function uncountedIn(
  pod: Pod,
  self: string,
  { known, isOver: isKnownOver }: Pick<Others, 'isOver'> & { known: readonly Place[] },
): Place[] {
  const { metadata, spec, status } = pod;
  const live = (spec.ephemeralContainers ?? []).filter(({ name }) => {
    const state = status.ephemeralContainerStatuses?.find((one) => one.name === name)?.state;
    return mayBeNew(state) && !isKnownOver(name);
  });
  const counted = new Set([self, ...known.map(({ uid }) => uid)]);
  const { namespace, name: podName } = metadata;
  const places = new Map<string, Place>();
  for (const { sessionUID: uid, targetContainerName: containerName } of live) {
    if (uid === undefined || counted.has(uid)) continue;
    const joins = processNamespaceOf({ ...(containerName !== undefined && { containerName }) }, pod);
    places.set(uid, { uid, namespace, podName, ...(joins !== undefined && { joins }), isUnheard: true });
  }
  return [...places.values()];
}

/**
 * Not one that has ended, nor one that cannot be started: the record of that may be gone, and its container stands
 * there for ever.
 */
function mayBeNew({ running, waiting, terminated }: ContainerState = {}): boolean {
  if (running !== undefined) return true;
  return terminated === undefined && [undefined, 'ContainerCreating', 'PodInitializing'].includes(waiting?.reason);
}
