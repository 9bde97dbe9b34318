import type { StopBy } from '../../../src/api/debugpolicy.ts';
import { toTimestamp } from '../../../src/api/time.ts';
import type { EventRecord } from '../../../src/runtime/event.ts';
import { FakeClock } from '../../support/fakes/fake-clock.ts';
import { ApiServer, type StoredPod } from './api-server.ts';
import { Approvers } from './approvers.ts';
import { Kubelet } from './kubelet.ts';
import { Network } from './network.ts';
import { ModelOperator } from './operator.ts';
import { People } from './people.ts';
import { Promises } from './promises.ts';
import { Random } from './random.ts';
import { ModelStreams } from './streams.ts';

const MINUTE = 60_000;
/** A request or a watch event is under way for so long at most, ms: the client gives up after 10 s. */
const LONGEST_LAG_MS = 10_000;
/**
 * After so long without faults every session of a simulation is over: a refusal's pause 5 min, pending 30 s, start 2
 * min, ttl 2 min, an eviction with its looks 2 min, and rest.
 */
const EVERYTHING_IS_OVER_MS = 30 * MINUTE;
const STEPS = 90;

/** One seeded interleaving of people, kubelet, network and one or two operators that may die. */
export class Simulation {
  readonly trace: string[] = [];
  readonly #random: Random;
  readonly #clock = new FakeClock(Date.parse('2026-01-01T12:00:00Z'));
  readonly #promises = new Promises();
  readonly #server = new ApiServer(this.#promises);
  readonly #network: Network;
  readonly #kubelet: Kubelet;
  readonly #people: People;
  readonly #approvers: Approvers;
  readonly #operators: ModelOperator[] = [];
  readonly #count: number;
  /** By the seed and not by chance: what the others are about stays as it was. */
  readonly #stopBy: StopBy | undefined;
  #born = 0;
  #lag = 0;
  #complaint: string | undefined;

  /** @param operators how many lead at once: two, where the lease has failed its purpose */
  constructor(seed: number, operators: number) {
    this.#count = operators;
    this.#random = new Random(seed);
    // Whatever takes its chances without being given a source must repeat as well.
    Math.random = this.#random.next;
    const [server, random, witness] = [this.#server, this.#random, this.#promises];
    const now = (): number => this.#clock.now();
    this.#kubelet = new Kubelet(server, random, witness);
    const streams = new ModelStreams({ server, kubelet: this.#kubelet, witness, random, now });
    const mayApprove = (username: string): boolean => witness.approvals.mayApprove(username);
    this.#network = new Network({ server, streams, random, now: () => toTimestamp(now()), mayApprove });
    this.#people = new People(server, random);
    this.#approvers = new Approvers(server, { random, promises: witness.approvals });
    witness.server = server;
    witness.kubelet = this.#kubelet;
    witness.now = now;
    witness.limits = this.#random.one(
      {},
      { perPod: 1 },
      { perPod: 2 },
      { perNamespace: 1 },
      { perPod: 1, perNamespace: 2 },
    );
    this.#network.faults = this.#random.one(0, 0.05, 0.3);
    if (seed % 4 === 1)
      witness.approvals.demand = {
        required: this.#random.one(1, 1, 2),
        validFor: this.#random.one('20s', '1m', '1h'),
        revokeRunning: this.#random.chance(0.5),
      };
    witness.stopBy = this.#stopBy = seed % 3 === 0 ? (seed % 2 === 0 ? 'NodeFirst' : 'InsideFirst') : undefined;
  }

  /** What was met on the way, and how often. */
  get met(): ReadonlyMap<string, number> {
    return this.#promises.met;
  }

  /** Runs it to its end. Rejects where a promise was broken. */
  async run(): Promise<void> {
    this.#newPod('web-0');
    this.#approvers.begin();
    for (let i = 0; i < this.#count; i += 1) this.#startOperator();
    await settle();
    for (let step = 0; step < STEPS; step += 1) await this.#step();
    this.#network.faults = 0;
    for (const name of ['web-0', 'web-1']) if (!this.#server.pods.has(name)) this.#newPod(name);
    await this.#wait(EVERYTHING_IS_OVER_MS);
    this.#promises.atTheEnd();
    const { writes } = this.#promises;
    await this.#wait(2 * MINUTE);
    if (this.#promises.writes !== writes) throw new Error('writes when nothing happens any more (E1)');
    for (const { name, pods, queue } of this.#operators)
      if (queue.length > 0 || pods.size > this.#endless())
        throw new Error(`${name} watches ${pods.size} pods for nothing`);
  }

  /** Pods that still have to be watched: those of containers that nothing ends. */
  #endless(): number {
    const endless = [...this.#server.sessions.values()].filter((session) =>
      session.status?.runs?.some((run) => {
        const isOver =
          run.exitCode !== undefined && (run.ranAgain === undefined || run.ranAgain.finishedAt !== undefined);
        const truth = this.#kubelet.truths.get(`${run.podUID}/${run.debugContainerName}`);
        return (run.effective?.supervisor === 'None' || truth?.makeup.hostile === true) && !isOver;
      }),
    );
    return endless.length;
  }

  async #step(): Promise<void> {
    const { requests, watches } = this.#network;
    const act = this.#random.weighted<() => string | Promise<string>>([
      [requests.length > 0 ? 34 : 0, () => this.#network.pass(this.#random.below(requests.length))],
      [22, () => this.#deliver()],
      [14, () => this.#kubelet.step(this.#clock.now())],
      [9, () => this.#advance(this.#random.one(1, 50, 500, 2_000))],
      [2, () => this.#wait(this.#random.one(5_000, 25_000, MINUTE, 3 * MINUTE))],
      [9, () => this.#people.act(toTimestamp(this.#clock.now()))],
      [this.#promises.approvals.demand ? 14 : 0, () => this.#approvers.act(toTimestamp(this.#clock.now()))],
      [3, () => this.#pods()],
      [2, () => this.#crash()],
      [watches.length > 0 ? 2 : 0, () => this.#spoilWatch()],
    ]);
    const words = await act();
    if (words !== '') this.trace.push(`${toTimestamp(this.#clock.now()).slice(11)} ${words}`);
    await settle();
    if (this.#complaint !== undefined) throw new Error(this.#complaint);
  }

  #startOperator(): void {
    this.#born += 1;
    this.#promises.operators = this.#born;
    const operator = new ModelOperator(`operator-${this.#born}`, {
      network: this.#network,
      clock: this.#clock,
      random: this.#random,
      limits: this.#promises.limits,
      stopBy: this.#stopBy,
      approval: this.#promises.approvals.demand,
      tell: (event) => this.#hear(event),
      complain: (words) => (this.#complaint ??= words),
    });
    this.#operators.push(operator);
  }

  #hear({ note, reason }: EventRecord): void {
    if (/[\n\r]|undefined|NaN/.test(note)) this.#complaint ??= `the note of ${reason} shows a hole: ${note}`;
  }

  #crash(): string {
    const index = this.#random.below(this.#operators.length);
    const [victim] = this.#operators.splice(index, 1);
    victim?.die();
    this.#network.bury();
    this.#startOperator();
    return `${victim?.name} dies, operator-${this.#born} starts`;
  }

  #deliver(): string {
    const watch = this.#random.pick(this.#network.watches.filter((candidate) => candidate.behind));
    if (watch !== undefined) watch.deliver();
    else this.#random.pick(this.#network.watches)?.bookmark();
    return watch === undefined ? '' : `${watch.sender.name} hears of a change`;
  }

  #spoilWatch(): string {
    const watch = this.#random.pick(this.#network.watches);
    const how = this.#random.one('closed', 'gone', 'reset');
    watch?.end(how);
    this.#network.watches = this.#network.watches.filter((other) => other !== watch);
    return `a watch of ${watch?.sender.name} is ${how}`;
  }

  async #advance(ms: number): Promise<string> {
    this.#lag += ms;
    if (this.#lag > LONGEST_LAG_MS) await this.#flush();
    await this.#move(ms);
    return '';
  }

  /** Time passes, and nothing is under way for longer than it may be. */
  async #wait(ms: number): Promise<string> {
    const end = this.#clock.monotonic() + ms;
    await this.#flush();
    while (this.#clock.monotonic() < end) {
      const bound = Math.min(this.#clock.nextTimer ?? Infinity, this.#kubelet.next - this.#clock.now(), 20_000);
      await this.#move(Math.max(1, Math.min(bound, end - this.#clock.monotonic())));
      this.#kubelet.catchUp(this.#clock.now());
      await this.#flush();
    }
    return `${ms} ms have passed`;
  }

  async #move(ms: number): Promise<void> {
    this.#clock.advance(ms);
    this.#kubelet.due(this.#clock.now());
    await settle();
  }

  /** Everything under way arrives. */
  async #flush(): Promise<void> {
    this.#lag = 0;
    for (let rounds = 0; ; rounds += 1) {
      const behind = this.#network.watches.filter((watch) => watch.behind);
      if (this.#network.requests.length === 0 && behind.length === 0) break;
      if (rounds > 2_000) throw new Error(`never comes to rest: ${this.#network.requests.map((r) => r.words).join()}`);
      while (this.#network.requests.length > 0) this.trace.push(this.#network.pass(0));
      for (const watch of behind) watch.deliver();
      await settle();
      // Two operators that see different things write in turns until the watch of the one that is behind has recovered:
      // that takes time.
      if (rounds % 50 === 49) await this.#move(100);
    }
    this.#network.bury();
    if (this.#complaint !== undefined) throw new Error(this.#complaint);
  }

  // Pods come and go.

  #newPod(name: string): void {
    const startedAt = toTimestamp(this.#clock.now());
    this.#server.createPod(
      name,
      {
        spec: { nodeName: 'node-1', containers: [{ name: 'app' }] },
        status: {
          phase: 'Running',
          conditions: [{ type: 'Ready', status: 'True' }],
          containerStatuses: [{ name: 'app', ready: true, state: { running: { startedAt } } }],
        },
      },
      startedAt,
    );
  }

  #pods(): string {
    const name = this.#random.one('web-0', 'web-0', 'web-1');
    const pod = this.#server.pods.get(name);
    const now = this.#clock.now();
    if (pod === undefined) {
      this.#newPod(name);
      return `pod ${name} comes`;
    }
    const what = this.#random.one('delete', 'force delete', 'lose', 'replace', 'finish');
    if (what === 'finish') this.#finish(pod);
    else if (what === 'delete') this.#delete(pod, now);
    else {
      this.#kubelet.podGone(pod, what !== 'lose', now);
      this.#server.removePod(pod);
      if (what === 'replace') this.#newPod(name);
    }
    return `pod ${name}: ${what}`;
  }

  #finish(pod: StoredPod): void {
    this.#kubelet.terminate(pod, this.#clock.now());
    const fresh = this.#server.pods.get(pod.metadata.name);
    if (fresh !== undefined) this.#server.updatePod(fresh, { status: { ...fresh.status, phase: 'Failed' } });
  }

  /** The first time it begins, the second time it is over. */
  #delete(pod: StoredPod, now: number): void {
    if (pod.metadata.deletionTimestamp === undefined) this.#server.deletePod(pod, toTimestamp(now));
    else this.#kubelet.remove(pod, now);
  }
}

/**
 * Nothing waits for real input or output, so one turn of the event loop lets every promise run as far as it can; a
 * second one is for the workers of the controller, who leave one to others.
 */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 2; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
