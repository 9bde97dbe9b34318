import { setTimeout as delay } from 'node:timers/promises';
import type { Operator } from './operator.ts';
import type { Rig } from './rig.ts';
import { inSpecSince, type Stand } from './stand.ts';

/** One start of the operator on a cluster full of sessions; ms. */
export interface Start {
  /** From the start of the process until it says that it is ready. */
  ready: number;
  /** ... until a reconcile has ended, by its metrics. */
  firstReconcile: number;
  /** ... until it has looked at every session, and none waits. */
  allReconciled: number;
  /** ... until a session that was made while it was away has its container in the pod's spec. */
  waitingInSpec: number;
  /**
   * From creation to spec of a session that is made the moment the operator is ready, while it looks at all the others.
   */
  newInSpec: number;
}

/** How often its metrics are read, in ms: how exact the times are that come from them. */
export const LOOK_MS = 20;

/**
 * Starts an operator anew. None may run.
 * @param options.pods two pods without a session, by name
 * @param options.sessions how many are there
 */
export async function measureStart(
  rig: Rig,
  stand: Stand,
  options: { prefix: string; pods: readonly [string, string]; sessions: number },
): Promise<{ start: Start; operator: Operator }> {
  const { prefix, pods } = options;
  const waiting = inSpecSince(stand, pods[0]);
  await rig.createSession(stand.namespace, `${prefix}-waiting`, { target: { podName: pods[0] }, ttl: '3h' });
  const operator = await rig.spawnOperator();
  const since = (at: number): number => at - operator.spawnedAt;
  const reconciled = untilReconciled(operator, options.sessions + 2);
  reconciled.catch(() => undefined);
  await operator.ready(LOOK_MS);
  const ready = since(performance.now());
  const fresh = inSpecSince(stand, pods[1]);
  const asked = performance.now();
  await rig.createSession(stand.namespace, `${prefix}-new`, { target: { podName: pods[1] }, ttl: '3h' });
  const newInSpec = (await fresh) - asked;
  const waitingInSpec = since(await waiting);
  const { first, all } = await reconciled;
  return {
    start: { ready, firstReconcile: since(first), allReconciled: since(all), waitingInSpec, newInSpec },
    operator,
  };
}

/**
 * When the first reconcile had ended, and when as many had ended as there are sessions, with none left to wait.
 * @throws Error after two minutes
 */
export async function untilReconciled(operator: Operator, sessions: number): Promise<{ first: number; all: number }> {
  let first: number | undefined;
  while (performance.now() - operator.spawnedAt < 120_000) {
    // Its metrics are served a moment after its start.
    const count = await operator.metric('controller_runtime_reconcile_total').catch(() => 0);
    if (count > 0) first ??= performance.now();
    if (first !== undefined && count >= sessions && (await operator.metric('workqueue_depth')) === 0)
      return { first, all: performance.now() };
    // Each look costs the operator time as well: often only until the first is known.
    await Promise.race([delay(first === undefined ? LOOK_MS : 200), operator.failed]);
  }
  throw new Error(`the operator did not come to look at all of ${sessions} sessions within 2 minutes`);
}
