import { API_VERSION, KIND } from '../../src/api/debugsession.ts';
import { sessionsPath } from '../../src/reconcile/session-api.ts';
import { busyboxImage } from '../cluster/image-names.ts';
import type { Hands, PlannedFault } from './planned-fault.ts';
import type { Exchange } from './proxy/exchange.ts';
import { atWrite } from './strike.ts';

type Strike = (exchange: Exchange, hands: Hands) => Promise<void>;

const FAULTS: Record<string, Strike> = {
  'the API server killed before': async (exchange, hands) => {
    await restart(hands);
    exchange.cut();
  },
  'the API server killed after': async (exchange, hands) => {
    await exchange.forward();
    await restart(hands);
    exchange.cut();
  },
  'etcd killed before': async (exchange, hands) => {
    const restarted = nodeOf(hands).restartControlPlane('etcd');
    // The API server takes it, and may have an etcd to write it to or not.
    const answer = await exchange.forward().catch(() => undefined);
    await restarted;
    if (answer === undefined) exchange.cut();
    else await exchange.answer(answer).catch(() => undefined);
  },
};

/** What the API server stands on, killed and started again at each of these writes. */
export function faultsBelow(writes: readonly string[], from = 1): PlannedFault[] {
  return Object.entries(FAULTS).flatMap(([words, strike]) =>
    writes.slice(from - 1).map((write, index) => ({
      kind: 'restarts of the API server and of etcd',
      name: `${words} write ${from + index} (${write})`,
      arm: (hands) => {
        hands.proxy.fault = atWrite(from + index, async (exchange) => {
          // The requests of people would break as well.
          await hands.played;
          await strike(exchange, hands).catch(hands.fail);
          hands.done();
        });
      },
    })),
  );
}

/**
 * The API server is away for the operator until the witness has looked: on a busy machine the operator has given its
 * write up by then, and the witness would miss what the operator writes next.
 */
async function restart(hands: Hands): Promise<void> {
  hands.proxy.isAway = true;
  await nodeOf(hands).restartControlPlane('kube-apiserver');
  const looked = (): Promise<boolean> => isDone(hands.witnessed());
  await hands.stage.until('the witness has looked again', looked);
  // Its admission knows the custom resource some moments later: until then it refuses what people ask for.
  await hands.stage.until('sessions can be asked for', () => canAsk(hands));
  hands.proxy.isAway = false;
}

function canAsk({ stage }: Hands): Promise<boolean> {
  const spec = { target: { podName: 'web' }, image: busyboxImage };
  const session = { apiVersion: API_VERSION, kind: KIND, metadata: { name: 'probe' }, spec };
  const asked = stage.client.create(sessionsPath(stage.namespace), session, { query: { dryRun: 'All' } });
  return isDone(asked);
}

function isDone(asked: Promise<unknown>): Promise<boolean> {
  return asked.then(
    () => true,
    () => false,
  );
}

function nodeOf({ stage }: Hands): NonNullable<Hands['stage']['cluster']['node']> {
  if (stage.cluster.node === undefined) throw new Error('only a cluster of our own can be restarted');
  return stage.cluster.node;
}
