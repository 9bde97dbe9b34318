import type { StopBy } from '../../../src/api/debugpolicy.ts';
import type { DebugSession, EndedBy, Run, StopCause } from '../../../src/api/debugsession.ts';
import { parseDuration } from '../../../src/api/duration.ts';
import { BEGAN, STOPPED } from '../../../src/session/container/supervisor.ts';
import type { HowEnded, Kubelet, Truth } from './kubelet.ts';

/**
 * How long ago what a request rests on may have been true: it was seen, was sent and has arrived, 10 s late each time.
 */
const A_MOMENT_MS = 25_000;
/** How long after its deadline a supervised container is left to its supervisor, in ms. */
const OVERDUE_MS = 6_000;
const OVERDUE_NODE_FIRST_MS = 2_500;

/** What is known of a container from all statuses that were ever stored. */
interface Recorded {
  routes: Set<string>;
  /** Every ttl that the container may have been given, in ms. */
  ttls: Set<number>;
  /** The newest of them, in ms. */
  wanted: number;
  /** How often another one was wanted. */
  changes: number;
  lastMoment: number;
  startBy: number;
}

/** A session as it was stored, and until when. */
interface Version {
  session: DebugSession;
  until: number;
}

/**
 * What must hold of ending a container and of changing its ttl, whoever asks for it and whenever the request arrives.
 * Each answers with its breaches.
 */
export class StopPromises {
  /** How many operators there have been. */
  operators = 0;
  kubelet: Kubelet | undefined;
  /** When the policy has the runtime of a node asked to end a container; undefined: the cluster does not allow that. */
  stopBy: StopBy | undefined;
  now: () => number = () => 0;
  readonly #recorded = new Map<string, Recorded>();
  readonly #newest = new Map<string, Version>();
  readonly #versions: Version[] = [];

  stored(name: string, session: DebugSession | undefined): void {
    const before = this.#newest.get(name);
    if (before !== undefined) before.until = this.now();
    this.#newest.delete(name);
    if (session === undefined) return;
    const version = { session, until: Infinity };
    this.#newest.set(name, version);
    this.#versions.push(version);
    for (const run of session.status?.runs ?? []) this.#record(run);
  }

  #record({ debugContainerName: name, ...run }: Run): void {
    if (name === undefined) return;
    const known = this.#recorded.get(name) ?? {
      ...{ routes: new Set(), ttls: new Set() },
      wanted: 0,
      changes: 0,
      lastMoment: 0,
      startBy: 0,
    };
    for (const route of run.stop?.routes ?? []) known.routes.add(route);
    if (run.wantedTtl !== undefined && parseDuration(run.wantedTtl) !== known.wanted) known.changes += 1;
    for (const ttl of [run.effective?.ttl, run.wantedTtl])
      if (ttl !== undefined) known.ttls.add((known.wanted = parseDuration(ttl)));
    known.lastMoment = Math.max(known.lastMoment, Date.parse(run.lastMoment ?? '1970-01-01T00:00:00Z'));
    known.startBy = Date.parse(run.startBy ?? '1970-01-01T00:00:00Z');
    this.#recorded.set(name, known);
  }

  looksUntil(container: string): number {
    return this.#recorded.get(container)?.startBy ?? 0;
  }

  isWanted(container: string, ttlMs: number): boolean {
    return this.#recorded.get(container)?.wanted === ttlMs;
  }

  /** A container is asked to end only if a status has said so before, and is told only of what stands in a status. */
  asked(route: string, container: string, numbers?: { ttlMs: number; lastMoment: number }): string[] {
    const known = this.#recorded.get(container);
    if (known === undefined) return [`${route} of ${container}, which is no run's`];
    if (numbers === undefined) return known.routes.has(route) ? [] : [`${route} of ${container} without a record`];
    const broken: string[] = [];
    if (!known.ttls.has(numbers.ttlMs))
      broken.push(`${container} is told of a ttl of ${numbers.ttlMs} ms, which nobody recorded`);
    if (numbers.lastMoment > known.lastMoment)
      broken.push(`${container} is told of a later last moment than is recorded`);
    return broken;
  }

  /**
   * A pod is evicted only for a session that asks for it, or did a moment ago, and only the pod that its run was in.
   */
  eviction(podUID: string): string[] {
    const since = this.now() - A_MOMENT_MS;
    const asks = this.#versions.some(({ session, until }) => until >= since && asksForEviction(session, podUID));
    return asks ? [] : [`${podUID} is evicted and no session asks for it`];
  }

  /** Nothing is ended that need not end; no supervised container can outlive what its status says. */
  status(before: DebugSession, after: DebugSession): string[] {
    return (after.status?.runs ?? []).flatMap((run) => {
      const old = before.status?.runs?.find(({ attempt }) => attempt === run.attempt);
      const end = old?.endedBy === run.endedBy ? [] : this.#misattributed(run);
      return [...this.#unfounded(after, run, old), ...this.#outlives(run), ...end];
    });
  }

  /**
   * Who is said to have ended a container has ended it. Keys leave no trace: that its command ended after them is all
   * that is known.
   */
  #misattributed(run: Run): string[] {
    const truth = this.truthOf(run);
    if (truth?.how === undefined || truth.times > 1 || run.endedBy === undefined) return [];
    // Its words are forged, and nothing but its words says who ended it.
    if (truth.makeup.hostile) return [];
    // The record has two of its ttls, and another may have ended it: told to it, taken back, and no answer was heard.
    if (truth.how === 'Deadline' && (this.#recorded.get(truth.name)?.changes ?? 0) > 1) return [];
    // Another operator may have been refused the exec with which this one has ended it. Then its word is a claim.
    const byAnother =
      this.operators > 1 && run.said === STOPPED && run.stop?.routes.includes('Exec') === true
        ? (['Stopped'] as const)
        : [];
    const fits: Partial<Record<EndedBy, HowEnded[]>> = {
      // Without a word the exit code of a signal, after the script was sent, has to do.
      Exec:
        (run.said === undefined || run.said === BEGAN) && run.exitCode === 137
          ? ['Stopped', 'exit', 'killed']
          : ['Stopped'],
      Supervisor: ['Deadline'],
      // A refusal that the kubelet's whole seconds do not bear out counts as an end of the command.
      Command: ['exit', 'killed', ...(run.exitCode === 125 ? (['TooLate'] as const) : []), ...byAnother],
      Attach: ['exit', 'killed', 'Stopped'],
      // One that ends by itself while the answer of the node is awaited is not told apart.
      Node: ['killed', 'exit', 'Stopped'],
    };
    const ways = fits[run.endedBy];
    return ways === undefined || ways.includes(truth.how)
      ? []
      : [`${truth.name}: ${truth.how}, and endedBy ${run.endedBy}`];
  }

  #unfounded(session: DebugSession, run: Run, old: Run | undefined): string[] {
    const { stop } = run;
    if (stop === undefined) return [];
    const broken: string[] = [];
    const name = run.debugContainerName;
    if (run.state === 'Running' && session.status?.phase !== 'Ending')
      broken.push(`${name} is asked to end, and runs on`);
    if (old?.stop === undefined && !this.#isCause(stop.cause, session, run))
      broken.push(`${name} need not end: ${stop.cause}`);
    if (old?.stop !== undefined && old.stop.cause !== stop.cause)
      broken.push(`the cause of the stop of ${name} changed`);
    const added = stop.routes.filter((route) => old?.stop?.routes.includes(route) !== true);
    if (added.includes('Eviction') && session.spec.ifUnstoppable !== 'EvictPod')
      broken.push(`${name}: nobody asked for an eviction`);
    if (added.includes('Node') && this.stopBy === undefined)
      broken.push(`${name} is ended from its node, which is not allowed`);
    if (added.includes('Attach') && run.effective?.stdin !== true) broken.push(`${name} has no stdin`);
    return broken;
  }

  #isCause(cause: StopCause, { spec, metadata }: DebugSession, run: Run): boolean {
    const overdue = this.stopBy === 'NodeFirst' ? OVERDUE_NODE_FIRST_MS : OVERDUE_MS;
    const margin = run.effective?.supervisor === 'None' ? 0 : overdue;
    const causes: Record<StopCause, boolean> = {
      Deadline: run.expiresAt !== undefined && this.now() >= Date.parse(run.expiresAt) + margin,
      Cancelled: spec.cancel === true,
      Revoked: run.revocable === true,
      ApprovalWithdrawn: run.approvedBy !== undefined,
      Deleted: metadata.deletionTimestamp !== undefined,
      StartedLate: run.state === 'StartedLate',
      RanAgain: run.ranAgain !== undefined,
    };
    return causes[cause];
  }

  /** Also if no operator lives from now on. */
  #outlives(run: Run): string[] {
    const truth = this.truthOf(run);
    if (truth?.state !== 'running' || truth.endAt === undefined) return [];
    const broken: string[] = [];
    if (truth.endAt > Date.parse(run.lastMoment ?? '')) broken.push(`${truth.name} may live past its lastMoment`);
    // While another is wanted nobody knows which of those that were ever told of counts; and a second run begins with
    // the first of them.
    const isSettled = run.state === 'Running' && run.wantedTtl === undefined && truth.times === 1;
    const longest = (truth.startedAt ?? 0) + parseDuration(run.effective?.ttl ?? '0s');
    if (isSettled && truth.staleTtl !== true && truth.endAt > longest)
      broken.push(`${truth.name} may live past its ttl`);
    return broken;
  }

  /**
   * What has to end and could be ended has ended; what lives on is said to live on (L6). On a lost node nothing can be
   * ended, or known.
   */
  atTheEnd(session: DebugSession, run: Run, isReachable: boolean): string[] {
    const truth = this.truthOf(run);
    if (truth?.state !== 'running' || (truth.times > 1 && !isReachable)) return [];
    // A known gap (docs/ending.md): its node ran it again after the last moment for a start, and its inside did not
    // refuse.
    if (truth.times > 1 && truth.makeup.hostile && run.ranAgain === undefined) return [];
    const { name, endAt, makeup } = truth;
    const byKeys = makeup.reads && run.effective?.stdin === true;
    const fromInside = (makeup.shell && !makeup.immune) || byKeys;
    const ends = fromInside || this.stopBy !== undefined || session.spec.ifUnstoppable === 'EvictPod';
    const broken: string[] = [];
    if (endAt !== undefined || (isReachable && ends)) broken.push(`could have ended ${name}, which runs`);
    const said = session.status?.conditions?.find(({ type }) => type === 'StopConfirmed')?.status;
    const isSaid = said === 'False' || !isReachable || session.status?.phase === 'Pending';
    if (!isSaid) broken.push(`does not say that ${name} runs`);
    return broken;
  }

  truthOf(run: Run): Truth | undefined {
    return this.kubelet?.truths.get(`${run.podUID}/${run.debugContainerName}`);
  }
}

function asksForEviction({ spec, status }: DebugSession, podUID: string): boolean {
  return (status?.runs ?? []).some((run) => {
    if (run.podUID !== podUID) return false;
    const isUnstoppable = spec.ifUnstoppable === 'EvictPod' && run.stop?.routes.includes('Eviction') === true;
    return (
      isUnstoppable ||
      (spec.podAfterSession === 'Evict' && /Ended|Failed/.test(run.state) && run.startedAt !== undefined)
    );
  });
}
