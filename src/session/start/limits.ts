import { consequencesOf } from '../run/fate.ts';
import type { Crowd, Place, Waiter } from '../look/places.ts';
import type { PolicyLimits } from '../../api/debugpolicy.ts';
import type { DebugSession, Run } from '../../api/debugsession.ts';
import type { ContainerState, Pod } from '../../api/pod.ts';
import type { InjectionReason } from '../../api/reasons.ts';
import { currentRun, isWaiting, wantsStart } from '../run/lifecycle.ts';

/** Why a session waits for a limit. */
export const LIMIT_REACHED = 'LimitReached' satisfies InjectionReason;

/** The place of a session whose container lives, or may, as far as the record knows. */
export function placeTaken(session: DebugSession, now: number): Place | undefined {
  const run = currentRun(session);
  return run === undefined || !consequencesOf(run, now).holdsPlace ? undefined : placeOf(session, run);
}

/** The place of a run. */
export function placeOf(
  { metadata }: DebugSession,
  { podName, requestedBy }: Pick<Run, 'podName' | 'requestedBy'>,
): Place {
  return {
    uid: metadata.uid,
    namespace: metadata.namespace,
    ...(requestedBy && { user: requestedBy.username }),
    ...(podName !== undefined && { podName }),
  };
}

/** The place that a session asks for. */
export function placeWanted(session: DebugSession, podName = session.spec.target.podName): Place {
  const { requestedBy } = session.spec;
  return placeOf(session, { podName, requestedBy });
}

/** It is allowed, its pod is there, and it waits for others to end. */
export function waitsForLimit(session: DebugSession): boolean {
  return wantsStart(session) && isWaiting(session) && session.status?.waitingFor === LIMIT_REACHED;
}

/**
 * First come, first served: by when it began to wait, which is a whole second, then by when it was made. To be compared as text. Undefined: it does not
 * wait yet.
 */
export function turnOf(session: DebugSession): string | undefined {
  const since = session.status?.waitingSince;
  const { creationTimestamp = '', uid } = session.metadata;
  return since === undefined ? undefined : `${since} ${creationTimestamp} ${uid}`;
}

interface Scope {
  key: string;
  limit: 'perPod' | 'perUser' | 'perNamespace';
  words: string;
}

function scopesOf({ namespace, user, podName }: Place): Scope[] {
  const scopes: Scope[] = [{ key: `n/${namespace}`, limit: 'perNamespace', words: `in namespace ${namespace}` }];
  if (user !== undefined) scopes.push({ key: `u/${user}`, limit: 'perUser', words: `that ${user} has asked for` });
  if (podName !== undefined)
    scopes.push({ key: `p/${namespace}/${podName}`, limit: 'perPod', words: `in pod ${podName}` });
  return scopes;
}

/** Which limit of a place is reached, in words. */
function reachedBy(place: Place, limits: PolicyLimits, countOf: (scope: Scope) => number): string | undefined {
  for (const scope of scopesOf(place)) {
    const { limit, words } = scope;
    const most = limits[limit];
    const count = countOf(scope);
    if (most !== undefined && count >= most)
      return `limits.${limit} of its policy is ${most}, and ${count} ${count === 1 ? 'session lives' : 'sessions live'} ${words}`;
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
    for (const { key } of scopesOf(place)) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  reached(place: Place, limits: PolicyLimits): string | undefined {
    return reachedBy(place, limits, ({ key }) => this.#counts.get(key) ?? 0);
  }
}

/** The same for one place alone: thousands may live. */
function countAround({ namespace, user, podName }: Place, taken: readonly Place[]): Record<Scope['limit'], number> {
  const counts = { perPod: 0, perUser: 0, perNamespace: 0 };
  for (const other of taken) {
    if (other.user === user) counts.perUser += 1;
    if (other.namespace !== namespace) continue;
    counts.perNamespace += 1;
    if (other.podName === podName) counts.perPod += 1;
  }
  return counts;
}

/**
 * Which limit stands in the way of a place now, in words; undefined: none. Those ahead go first: each that could start takes its place, one that
 * could not takes none, so that whoever waits for one limit does not hold up those that it has no part in.
 */
export function limitReached(
  wanted: Place,
  limits: PolicyLimits,
  { taken, ahead }: Pick<Crowd, 'taken' | 'ahead'>,
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
  return before === undefined ? undefined : `${before} or start first, having asked before`;
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

/** The crowd as the pod itself shows it, which no cache can be behind of: by that a limit of the pod is strict. */
export function withThoseIn(pod: Pod, self: string, crowd: Crowd): Crowd {
  const taken = (): Place[] => {
    const known = crowd.taken();
    return [...known, ...uncountedIn(pod, self, { known, isOver: crowd.isOver })];
  };
  return { ...crowd, taken };
}

/** Sessions that have just been injected by another operator: nothing is known of them but their container. */
function uncountedIn(
  { metadata, spec, status }: Pod,
  self: string,
  { known, isOver: isKnownOver }: Pick<Crowd, 'isOver'> & { known: readonly Place[] },
): Place[] {
  const live = (spec.ephemeralContainers ?? []).filter(({ name }) => {
    const state = status.ephemeralContainerStatuses?.find((one) => one.name === name)?.state;
    return mayBeNew(state) && !isKnownOver(name);
  });
  const uids = new Set(live.flatMap(({ sessionUID }) => (sessionUID === undefined ? [] : [sessionUID])));
  uids.delete(self);
  for (const { uid } of known) uids.delete(uid);
  const { namespace, name: podName } = metadata;
  return [...uids].map((uid) => ({ uid, namespace, podName }));
}

/** Not one that has ended, nor one that cannot be started: the record of that may be gone, and its container stands there for ever. */
function mayBeNew({ running, waiting, terminated }: ContainerState = {}): boolean {
  if (running !== undefined) return true;
  return terminated === undefined && [undefined, 'ContainerCreating', 'PodInitializing'].includes(waiting?.reason);
}
