import type { DebugSession } from '../../src/api/debugsession.ts';
import { podsPath, sessionsPath } from '../../src/reconcile/session-api.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import type { OperatorProcess } from '../support/cluster/operator-process.ts';
import { Stage } from '../support/cluster/stage.ts';
import { patient } from '../support/patience.ts';
import { endStateOf, type EndState } from './end-state.ts';
import { elect, LEADS, letElect } from './election.ts';
import type { PlannedFault } from './planned-fault.ts';
import { brokenPromises } from './promises.ts';
import { isCounted, isRead, nameOf } from './proxy/asked.ts';
import { FaultProxy } from './proxy/fault-proxy.ts';
import type { Scenario } from './scenario.ts';
import { unexpectedEnd } from './unexpected-end.ts';
import { Witness } from './witness.ts';

/** What one run of a scenario came to. */
export interface Outcome {
  end: EndState;
  /** The requests that count, in their order, such as `PATCH pods/ephemeralcontainers`. */
  writes: string[];
  /** What was asked for, and watched. */
  reads: string[];
  broken: string[];
}

const OPERATOR_ACCOUNT = ['debugsession-system', 'debugsession-controller-manager'] as const;

/** The longest fault is a watch that falls silent: the operator believes it for 150 s. */
const LONGEST_MS = 300_000;

/** The leader lost its Lease before the fault, on a machine that is too busy: nothing was tried. */
export class LostBefore extends Error {
  override readonly name = 'LostBefore';
}

/**
 * Plays a scenario on the real cluster, with each operator behind a proxy of its own, and with at most one fault.
 * @throws LostBefore where it has to be played again; Error when the end is not reached, or the fault never strikes
 */
export async function playTrial(scenario: Scenario, fault?: PlannedFault): Promise<Outcome> {
  const trial = await Trial.open(scenario);
  let outcome: Outcome;
  try {
    outcome = await trial.play(fault);
  } catch (error) {
    // What went wrong first is told: where the API server is away, nothing can be taken back either.
    await trial.close().catch(() => undefined);
    throw error;
  }
  await trial.close();
  return outcome;
}

let opened = 0;

class Trial {
  readonly #scenario: Scenario;
  readonly #stage: Stage;
  /** That of the leader first. */
  readonly #proxies: FaultProxy[];
  #leader: OperatorProcess | undefined;
  #standby: OperatorProcess | undefined;
  #witness: Witness | undefined;
  #hasStruck = false;

  private constructor(scenario: Scenario, stage: Stage, proxies: FaultProxy[]) {
    this.#scenario = scenario;
    this.#stage = stage;
    this.#proxies = proxies;
  }

  static async open(scenario: Scenario): Promise<Trial> {
    opened += 1;
    const stage = await Stage.open(`fault-${scenario.name}-${opened}`, { operator: false });
    const account = await stage.cluster.createServiceAccountKubeconfig(...OPERATOR_ACCOUNT);
    const count = scenario.hasStandby ? 2 : 1;
    const proxies = await Promise.all(Array.from({ length: count }, () => FaultProxy.start(account)));
    return new Trial(scenario, stage, proxies);
  }

  async play(fault?: PlannedFault): Promise<Outcome> {
    const { prepare, play, settled } = this.#scenario;
    await prepare(this.#stage);
    const witness = (this.#witness = await Witness.start(this.#stage));
    const played = Promise.withResolvers<void>();
    const struck = this.#arm(fault, { played: played.promise, witness });
    await this.#startOperators();
    await play(this.#stage);
    played.resolve();
    await this.#within(`the fault strikes: ${fault?.name}`, struck);
    await this.#untilSettled(fault?.otherEnd?.settled ?? settled);
    for (const operator of this.#stage.operators) await operator.stop();
    await witness.end();
    const asked = this.#proxies.flatMap((proxy) => proxy.asked);
    return {
      end: await this.#end(),
      writes: asked.filter(isCounted).map(nameOf),
      reads: asked.filter(isRead).map(nameOf),
      broken: brokenPromises(witness),
    };
  }

  async close(): Promise<void> {
    for (const { pid } of this.#stage.operators) resume(pid);
    await Promise.all(this.#stage.operators.map((operator) => operator.kill()));
    try {
      await this.#witness?.close();
      await this.#scenario.cleanUp?.(this.#stage);
    } finally {
      await this.#stage.close().finally(() => Promise.all(this.#proxies.map((proxy) => proxy.close())));
    }
  }

  get #proxy(): FaultProxy {
    return this.#proxies[0] as FaultProxy;
  }

  async #startOperators(): Promise<void> {
    if (!this.#scenario.hasStandby) return void (this.#leader = await this.#start(this.#proxy));
    await letElect(this.#stage);
    this.#leader = await this.#start(this.#proxy);
    await this.#leader.until(LEADS);
    this.#standby = await this.#start(this.#proxies[1] as FaultProxy);
  }

  #start(proxy: FaultProxy): Promise<OperatorProcess> {
    const args = this.#scenario.hasStandby ? elect(this.#stage) : [];
    return this.#stage.startOperatorAs(proxy.kubeconfig, ...args);
  }

  /** Resolves once the fault is over and an operator is there again. */
  #arm(
    fault: PlannedFault | undefined,
    { played, witness }: { played: Promise<void>; witness: Witness },
  ): Promise<void> {
    if (fault === undefined) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    promise.catch(() => undefined);
    const untilStandbyLeads = async (): Promise<void> => {
      this.#hasStruck = true;
      await this.#standby?.until(LEADS);
    };
    const crash = async (): Promise<void> => {
      this.#hasStruck = true;
      await this.#leader?.kill();
      if (this.#scenario.hasStandby) await untilStandbyLeads();
      else this.#leader = await this.#start(this.#proxy);
    };
    fault.arm({
      stage: this.#stage,
      proxy: this.#proxy,
      operator: () => this.#leader as OperatorProcess,
      untilStandbyLeads,
      played,
      crash: () => crash().catch(reject),
      witnessed: () => witness.lookAgain(),
      done: resolve,
      fail: reject,
    });
    return promise;
  }

  async #within(what: string, done: Promise<void>): Promise<void> {
    let isDone = false;
    const noted = done.then(() => (isDone = true));
    noted.catch(() => undefined);
    const holds = async (): Promise<boolean> => {
      if (!isDone && !this.#hasStruck && (await hasEnded(this.#leader))) throw new LostBefore(what);
      return isDone;
    };
    await Promise.race([noted, this.#stage.until(what, holds)]);
  }

  async #untilSettled(settled: Scenario['settled']): Promise<void> {
    const told = new AbortController();
    const ends = [this.#persist(settled, told.signal), unexpectedEnd(this.#stage, told.signal)];
    await Promise.race(ends).finally(() => told.abort());
  }

  /** Asks again where the question itself failed: the API server may be the one that was away. */
  async #persist(settled: Scenario['settled'], told: AbortSignal): Promise<void> {
    const end = Date.now() + patient(LONGEST_MS);
    for (;;) {
      try {
        return void (await settled(this.#stage));
      } catch (error) {
        if (told.aborted || Date.now() > end) throw error;
        await this.#stage.until('the API server answers', () => this.#answers());
      }
    }
  }

  async #answers(): Promise<boolean> {
    return this.#stage.client.get('/readyz').then(
      () => true,
      (error: unknown) => error instanceof Error && error.message.includes('JSON'),
    );
  }

  async #end(): Promise<EndState> {
    const { client, namespace } = this.#stage;
    const [sessions, pods] = await Promise.all([
      client.list<{ items: DebugSession[] }>(sessionsPath(namespace)),
      client.list<{ items: RawPod[] }>(podsPath(namespace)),
    ]);
    return endStateOf(sessions.items, pods.items);
  }
}

function hasEnded(operator: OperatorProcess | undefined): Promise<boolean> {
  const ended = operator?.ended.then(() => true) ?? false;
  return Promise.race([ended, new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))]);
}

function resume(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch {
    // It has ended.
  }
}
