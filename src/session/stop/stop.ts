import type { StopBy } from '../../api/debugpolicy.ts';
import type { Run, StopCause, StopRoute } from '../../api/debugsession.ts';
import type { StopReason } from '../../api/reasons.ts';
import { fromTimestamp } from '../../api/time.ts';
import { type ActionOutcome, type Actions, type Tried, triedOn } from '../look/actions.ts';
import { stopByOf } from '../look/rules.ts';
import type { Situation } from '../look/situation.ts';
import { containerIDOf } from '../run/second-run.ts';
import { retryPause } from './retry.ts';

/**
 * How long after its deadline a supervised container may still be seen running before the operator ends it, in ms: HUP,
 * TERM, KILL a second apart, and the kubelet's report.
 */
export const OVERDUE_MS = 6_000;

/**
 * The same where its policy puts the runtime of the node first, in ms: HUP, TERM, and the kubelet's report. A stop pod
 * takes two seconds to start, so a supervisor that is at work has sent KILL by then as well.
 */
export const OVERDUE_NODE_FIRST_MS = 2_500;

/**
 * How long after an action the container may still be seen running, in ms. The kubelet tells of an end within about a
 * second; it is given more, because the next action may be the eviction of a pod that has only been slow. An evicted
 * pod has its grace period.
 */
export const LOOK_MS: Record<StopRoute, number> = { Exec: 8_000, Attach: 4_000, Node: 8_000, Eviction: 60_000 };

/**
 * The same where the runtime of the node is asked after it, in ms: that harms nobody, also where the container has just
 * ended.
 */
const LOOK_BEFORE_NODE_MS = 2_000;

/** The longest pause between two rounds of all ways where only a person can change anything, in ms. */
const REFUSED_RETRY_MS = 300_000;

/** Why the container of a live run has to end by now, if it has to. */
export function stopCause(situation: Situation, run: Run): StopCause | undefined {
  const { session, now } = situation;
  if (run.stop !== undefined) return run.stop.cause;
  if (session.metadata.deletionTimestamp !== undefined) return 'Deleted';
  if (session.spec.cancel === true) return 'Cancelled';
  return now >= overdueAt(situation, run) ? 'Deadline' : undefined;
}

/**
 * When the operator itself sees to the end of a running container, in ms since the epoch: at its deadline, or when its
 * supervisor should have.
 */
export function overdueAt(situation: Situation, run: Run): number {
  const margin = stopByIn(situation) === 'NodeFirst' ? OVERDUE_NODE_FIRST_MS : OVERDUE_MS;
  const deadline = fromTimestamp(run.expiresAt) ?? situation.now;
  return deadline + (run.effective?.supervisor === 'None' ? 0 : margin);
}

/** What is to be done about a container that has to end and has not. */
export type StopStep =
  /** `beforeNode`: the runtime of the node is asked after it, where this does not help. */
  | { kind: 'act'; route: StopRoute; beforeNode?: true }
  /** Something was done, or is being done: the container may end of it until then. */
  | { kind: 'look'; until?: number }
  | { kind: 'report'; reason: StopReason; message: string; retryAt: number };

/**
 * Ask, look, escalate, report: one way after the other, each looked after for a while; then what is known, and all of
 * it again later, for as long as the container lives.
 */
export function nextStop(situation: Situation, run: Run): StopStep {
  const { now } = situation;
  // Where the kubelet has run the container again, its pod is not evicted before this one has been asked.
  const actions = triedOn(containerIDOf(run), situation.actions);
  if (actions.underWay !== undefined) return { kind: 'look' };
  const routes = routesFor(situation, run);
  const round = Math.max(1, actions.tried[routes[0]]?.times ?? 0);
  let retryFrom = 0;
  for (const [index, route] of routes.entries()) {
    const tried = actions.tried[route];
    const beforeNode = routes.indexOf('Node') > index;
    if (tried === undefined || tried.times < round) return act(route, beforeNode);
    const until = tried.at + (beforeNode ? LOOK_BEFORE_NODE_MS : LOOK_MS[route]);
    if (mayEndSoon(tried) && now < until) return { kind: 'look', until };
    retryFrom = Math.max(retryFrom, tried.at);
  }
  const retryAt = retryFrom + pause(routes, actions, round);
  return now >= retryAt
    ? act(routes[0], routes.indexOf('Node') > 0)
    : { kind: 'report', ...findings(run, routes, actions), retryAt };
}

/** The kubelet tells of an end later than it knows of it. */
function mayEndSoon({ outcome }: Tried): boolean {
  return outcome.kind === 'asked' || outcome.kind === 'notRunning';
}

function act(route: StopRoute, beforeNode: boolean): StopStep {
  return { kind: 'act', route, ...(beforeNode && { beforeNode }) };
}

/**
 * Attaching wants somebody to read what is typed, eviction that the spec asks for it, the node that the cluster and the
 * policy allow it.
 */
function routesFor(situation: Situation, run: Run): [StopRoute, ...StopRoute[]] {
  const inside: [StopRoute, ...StopRoute[]] = run.effective?.stdin === true ? ['Exec', 'Attach'] : ['Exec'];
  const last: StopRoute[] = situation.session.spec.ifUnstoppable === 'EvictPod' ? ['Eviction'] : [];
  const stopBy = stopByIn(situation);
  if (stopBy === 'NodeFirst') return ['Node', ...inside, ...last];
  return stopBy === 'InsideFirst' ? [...inside, 'Node', ...last] : [...inside, ...last];
}

/** When the runtime of the node is asked: as the policy says, where the cluster allows it at all. */
function stopByIn({ rules, stopsByNode }: Situation): StopBy {
  return stopsByNode === true ? stopByOf(rules) : 'InsideOnly';
}

function pause(routes: readonly StopRoute[], { tried }: Actions, round: number): number {
  const isHopeless = routes.every((route) => isNoRoute(tried[route]));
  return isHopeless ? retryPause(round, REFUSED_RETRY_MS) : retryPause(round);
}

/** It could not even be asked, and will not be unless a person changes something. */
function isNoRoute(tried: Tried | undefined): boolean {
  return tried?.outcome.kind === 'forbidden' || tried?.outcome.kind === 'impossible';
}

/** In this order: what says most about why it lives stands first. */
const REASONS: readonly [StopReason, (route: StopRoute, tried: Tried) => boolean][] = [
  ['EvictionBlocked', (_route, { outcome }) => outcome.kind === 'blocked'],
  ['NodeUnreachable', (_route, { outcome }) => outcome.kind === 'unreachable'],
  ['NodeStopFailed', (route, { outcome }) => route === 'Node' && outcome.kind !== 'asked'],
  ['ProcessSurvived', (_route, { outcome }) => outcome.kind === 'survived' || outcome.kind === 'asked'],
  ['ExecFailed', (_route, { outcome }) => outcome.kind === 'failed' || outcome.kind === 'notRunning'],
];

function findings(run: Run, routes: readonly StopRoute[], { tried }: Actions): { reason: StopReason; message: string } {
  const all = routes.flatMap((route) => {
    const last = tried[route];
    return last === undefined ? [] : [{ route, last }];
  });
  const reason = REASONS.find(([, fits]) => all.some(({ route, last }) => fits(route, last)))?.[0] ?? 'NoRoute';
  const what = `Container ${run.debugContainerName} of pod ${run.podName} has to end`;
  const words = all.map(({ route, last }) => `${WAYS[route]}: ${wordsOf(route, last)}`);
  const how = `(${words.join('; ')})`;
  // Its supervisor may have ended it: that cannot be known then.
  if (reason === 'NodeUnreachable')
    return { reason, message: `${what}, and its node does not say whether it has ended ${how}; look at the node` };
  const newest = newestMeeting(all);
  if (newest === 'notRunning')
    return { reason, message: `${what}. Its node says that it does not run, and has not reported its end ${how}` };
  // The node may have carried out an exec that failed.
  if (newest === undefined && all.some(({ last }) => last.outcome.kind === 'failed'))
    return { reason, message: `${what}, and its end is not reported ${how}; end its command, or delete the pod` };
  return { reason, message: `${what} and still runs ${how}; end its command, or delete the pod` };
}

/** The newest outcome that tells whether the container was met. */
function newestMeeting(all: readonly { route: StopRoute; last: Tried }[]): ActionOutcome['kind'] | undefined {
  const met = all.filter(({ route, last: { outcome } }) => route !== 'Eviction' && MEETINGS.includes(outcome.kind));
  return met.sort((one, other) => one.last.at - other.last.at).at(-1)?.last.outcome.kind;
}

const MEETINGS: readonly ActionOutcome['kind'][] = ['asked', 'survived', 'notRunning'];

const WAYS: Record<StopRoute, string> = { Exec: 'exec', Attach: 'attach', Node: 'stop pod', Eviction: 'eviction' };

function wordsOf(route: StopRoute, { outcome }: Tried): string {
  switch (outcome.kind) {
    case 'asked':
      return route === 'Eviction' ? 'accepted, and the pod is still there' : 'done, and no end was reported';
    case 'told':
      return 'told';
    case 'survived':
      return `${outcome.processes} of its processes survived every signal that can be sent from inside`;
    case 'notRunning':
    case 'impossible':
    case 'forbidden':
    case 'blocked':
    case 'unreachable':
    case 'failed':
      return outcome.message;
  }
}
