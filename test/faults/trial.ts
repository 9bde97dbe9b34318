import type { DebugSession } from '../../src/api/debugsession.ts';
import { podsPath, sessionsPath } from '../../src/reconcile/session-api.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { Stage } from '../support/cluster/stage.ts';
import { endStateOf, type EndState } from './end-state.ts';
import { brokenPromises } from './promises.ts';
import { isCounted, nameOf } from './proxy/asked.ts';
import { FaultProxy } from './proxy/fault-proxy.ts';
import type { Scenario } from './scenario.ts';
import { Witness } from './witness.ts';

/** What one run of a scenario came to. */
export interface Outcome {
  end: EndState;
  /** The requests that count, in their order, such as `PATCH pods/ephemeralcontainers`. */
  writes: string[];
  broken: string[];
}

/** What a fault may do to the operator, and what it is told of it. */
export interface Hands {
  proxy: FaultProxy;
  /** SIGKILL, then a new operator; resolves once that one is ready. */
  crash: () => Promise<void>;
  /** To be called once the fault is over. */
  done: () => void;
}

/** Something that goes wrong once. */
export interface PlannedFault {
  /** Such as `killed before write 2 (PUT debugsessions/status)`. */
  name: string;
  arm: (hands: Hands) => void;
}

const OPERATOR_ACCOUNT = ['debugsession-system', 'debugsession-controller-manager'] as const;

/**
 * Plays a scenario on the real cluster, with one operator behind a proxy, and with at most one fault.
 * @throws Error when the end is not reached, or the fault never strikes
 */
export async function playTrial(scenario: Scenario, fault?: PlannedFault): Promise<Outcome> {
  const stage = await Stage.open(`fault-${scenario.name}`, { operator: false });
  const account = await stage.cluster.createServiceAccountKubeconfig(...OPERATOR_ACCOUNT);
  const proxy = await FaultProxy.start(account);
  try {
    await scenario.prepare(stage);
    const witness = await Witness.start(stage);
    const struck = arm(stage, proxy, fault);
    await stage.startOperatorAs(proxy.kubeconfig);
    await scenario.play(stage);
    await Promise.race([scenario.settled(stage), struck]);
    await within(stage, `the fault strikes: ${fault?.name}`, struck);
    await scenario.settled(stage);
    for (const operator of stage.operators) await operator.stop();
    await witness.end();
    return {
      end: await endOf(stage),
      writes: proxy.asked.filter(isCounted).map(nameOf),
      broken: brokenPromises(witness),
    };
  } finally {
    await Promise.all(stage.operators.map((operator) => operator.kill()));
    await stage.close();
    await proxy.close();
  }
}

/** Resolves once the fault is over and the operator is there again. */
function arm(stage: Stage, proxy: FaultProxy, fault: PlannedFault | undefined): Promise<void> {
  if (fault === undefined) return Promise.resolve();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  promise.catch(() => undefined);
  const crash = async (): Promise<void> => {
    await stage.operators.at(-1)?.kill();
    await stage.startOperatorAs(proxy.kubeconfig);
  };
  fault.arm({ proxy, crash: () => crash().catch(reject), done: resolve });
  return promise;
}

async function within(stage: Stage, what: string, done: Promise<void>): Promise<void> {
  let isDone = false;
  const noted = done.then(() => (isDone = true));
  noted.catch(() => undefined);
  await Promise.race([noted, stage.until(what, () => Promise.resolve(isDone))]);
}

async function endOf(stage: Stage): Promise<EndState> {
  const [sessions, pods] = await Promise.all([
    stage.client.list<{ items: DebugSession[] }>(sessionsPath(stage.namespace)),
    stage.client.list<{ items: RawPod[] }>(podsPath(stage.namespace)),
  ]);
  return endStateOf(sessions.items, pods.items);
}
