import { setTimeout as delay } from 'node:timers/promises';
import { check } from '../invariants/check.ts';
import { readFacts } from '../invariants/read-log.ts';
import { describeBroken } from '../invariants/report.ts';
import { cachePaths } from '../cluster/paths.ts';
import { findInstance } from '../cluster/slots.ts';
import { fillMemory } from './fill.ts';
import type { Scene } from './lives.ts';
import { Load, seeded } from './load.ts';
import type { Replica, Sample } from './process.ts';
import type { Found, Idle } from './report.ts';
import { patientLease, SHIPPED_LEASE, type Stand } from './stand.ts';
import { askedSince, openAt, readTraffic, type Traffic } from './traffic.ts';
import { ApiServer, Killer } from './trouble.ts';
import { judge, type Full } from './verdict.ts';

const SAMPLE_EVERY_MS = 20_000;
/** The part of the load that warms up, and the most of it, in minutes: then caches are as full as they become. */
const WARM_UP = { part: 1 / 3, most: 20 };
/** An operator without sessions gets this long to become quiet, and is then looked at for as long. */
const QUIET_MS = 60_000;
/** Connections that are kept for a next request, each with its timer. */
const KEPT = 3;
const LOOKS = 5;
/** No multiple of the time between two renewals. */
const LOOK_EVERY_MS = 700;
const SEED = 20261129;

interface Options {
  minutes: number;
  say: (line: string) => void;
}

type Played = Omit<Found, 'commit' | 'date'>;

/** One run: two namespaces with the same load, one under a leader that lives on, one under leaders that are killed. */
export class Run {
  readonly #stand: Stand;
  readonly #options: Options;
  readonly #samples = new Map<Replica, Sample[]>();
  readonly #faults: string[] = [];
  /** All that goes on. */
  readonly #abort = new AbortController();

  constructor(stand: Stand, options: Options) {
    this.#stand = stand;
    this.#options = options;
  }

  stop(): void {
    this.#abort.abort();
  }

  async play(): Promise<{ found: Played; raw: Record<string, Full[]> }> {
    const { minutes, say } = this.#options;
    const since = new Date().toISOString();
    const stand = this.#stand;
    const [steady, storm] = [await stand.scene('steady'), await stand.scene('storm')];
    await stand.grantLease(steady.namespace);
    const steadily = patientLease(steady.namespace);
    const leader = await this.#start(await stand.replica('leader', steady.namespace, steadily), true);
    const standby = await this.#start(await stand.replica('standby', steady.namespace, steadily), false);
    const killed = [
      await this.#start(await stand.replica('killed-1', storm.namespace, SHIPPED_LEASE), true),
      await this.#start(await stand.replica('killed-2', storm.namespace, SHIPPED_LEASE), false),
    ];
    for (const replica of [leader, standby])
      replica.failed.catch((error: unknown) => void this.#faults.push(`${replica.name}: ${String(error)}`));

    say('filling the memory of events');
    await fillMemory(steady);
    await delay(QUIET_MS);
    const before = await atRest(leader);

    const api = new ApiServer(this.#instance());
    const killer = new Killer(killed);
    const loads = [new Load(steady, seeded(SEED)), new Load(storm, seeded(SEED + 1))];
    const began = new Date();
    const time = AbortSignal.any([this.#abort.signal, AbortSignal.timeout(minutes * 60_000)]);
    const killing = new AbortController();
    const killers = killer.run(AbortSignal.any([this.#abort.signal, killing.signal]));
    const sampling = this.#sample([leader, standby], time, () =>
      say(
        `${minutesSince(began)} min: ${loads.map(({ made, live }) => `${made} sessions, ${live} live`).join('; ')}, ${killer.kills} kills`,
      ),
    );
    await Promise.all([api.restartNowAndThen(time), sampling, ...loads.map((load) => load.run(time))]);
    this.#abort.signal.throwIfAborted();
    say('no more sessions; until the last is gone');
    await Promise.all(loads.map((load) => load.over()));
    killing.abort();
    await killers;

    await delay(QUIET_MS);
    const quietFrom = new Date().toISOString();
    await delay(QUIET_MS);
    const after = await atRest(leader);
    const queued = await leader.metric('workqueue_depth');
    await delay(2_000);
    const traffic = await readTraffic(stand.node.auditLog, [leader.credential, standby.credential]);
    const facts = await readFacts(stand.node.auditLog, since);
    const broken = describeBroken(check(facts).filter(({ last }) => last >= since));

    const warmUpMinutes = Math.min(minutes * WARM_UP.part, WARM_UP.most);
    const from = new Date(began.getTime() + warmUpMinutes * 60_000).toISOString();
    const raw = Object.fromEntries(
      [leader, standby].map((replica) => [replica.name, this.#full(replica, traffic, api.restarts)]),
    );
    const judged = Object.entries(raw).flatMap(([name, all]) =>
      judge(
        name,
        all.filter(({ at }) => at >= from),
      ),
    );
    const idle = idleOf(before, after, (at) => openAt(of(traffic, leader), at, api.restarts));
    idle.push(atMost('sessions that wait for a worker', 0, queued));
    const asked = askedSince(of(traffic, leader), quietFrom);
    idle.push(atMost('requests in a minute, without the Lease', 0, asked.length));
    const found: Played = {
      minutes,
      warmUpMinutes: Math.round(warmUpMinutes),
      sessions: loads.reduce((sum, { made }) => sum + made, 0),
      ended: added(loads.map(({ ended }) => ended)),
      pods: steady.pods.gone + storm.pods.gone,
      kills: killer.kills,
      ends: killer.ends,
      restarts: api.restarts.length,
      samples: raw[leader.name]?.filter(({ at }) => at >= from).length ?? 0,
      facts: facts.length,
      judged,
      idle,
      faults: [
        ...this.#faults,
        ...killer.faults,
        ...loads.flatMap(({ faults }) => faults),
        ...[steady, storm].flatMap(faultsOf),
        ...(broken === '' ? [] : [broken]),
        ...asked.map((line) => `asked without a session: ${line}`),
      ],
    };
    return { found, raw };
  }

  async #start(replica: Replica, leads: boolean): Promise<Replica> {
    await replica.start();
    await replica.ready();
    while (leads && (await replica.leader()) === undefined) await delay(250);
    return replica;
  }

  #instance(): NonNullable<ReturnType<typeof findInstance>> {
    const instance = findInstance(this.#stand.cluster.name, cachePaths(process.env));
    if (instance === undefined) throw new Error(`there is no cluster ${this.#stand.cluster.name}`);
    return instance;
  }

  async #sample(replicas: readonly Replica[], signal: AbortSignal, tell: () => void): Promise<void> {
    for (let count = 0; !signal.aborted; count += 1) {
      for (const replica of replicas) {
        const all = this.#samples.get(replica) ?? [];
        this.#samples.set(replica, all);
        all.push(await replica.sample());
      }
      if (count % 3 === 0) tell();
      await delay(SAMPLE_EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  #full(replica: Replica, traffic: ReadonlyMap<string, Traffic>, restarts: readonly string[]): Full[] {
    const samples = this.#samples.get(replica) ?? [];
    return samples.map((sample) => ({ ...sample, watches: openAt(of(traffic, replica), sample.at, restarts) }));
  }
}

/** The least of some looks: the Lease is renewed every two seconds, and one look may meet that request. */
async function atRest(replica: Replica): Promise<Sample> {
  let least = await replica.sample();
  for (let look = 1; look < LOOKS; look += 1) {
    await delay(LOOK_EVERY_MS);
    const next = await replica.sample();
    const { timers, listeners, sockets } = least;
    least = {
      ...next,
      timers: Math.min(timers, next.timers),
      listeners: Math.min(listeners, next.listeners),
      sockets: Math.min(sockets, next.sockets),
    };
  }
  return least;
}

function of(traffic: ReadonlyMap<string, Traffic>, { credential }: Replica): Traffic {
  return traffic.get(credential) ?? { watches: [], requests: [] };
}

function idleOf(before: Sample, after: Sample, watches: (at: string) => number): Idle[] {
  return [
    atMost('timers', before.timers, after.timers, KEPT),
    atMost('abort listeners', before.listeners, after.listeners),
    atMost('sockets', before.sockets, after.sockets, KEPT),
    atMost('watches', watches(before.at), watches(after.at)),
  ];
}

function atMost(figure: string, before: number, after: number, more = 0): Idle {
  return { figure, before, after, met: after <= before + more };
}

function faultsOf({ sessions, pods }: Scene): string[] {
  return [...sessions.broken, ...pods.faults, ...sessions.names.map((name) => `session ${name} is still there`)];
}

function added(counts: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const sums = new Map<string, number>();
  for (const [words, count] of counts.flatMap((all) => [...all])) sums.set(words, (sums.get(words) ?? 0) + count);
  return sums;
}

function minutesSince(began: Date): string {
  return ((Date.now() - began.getTime()) / 60_000).toFixed(1);
}
