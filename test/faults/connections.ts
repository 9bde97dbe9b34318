import type { Hands, PlannedFault } from './planned-fault.ts';
import type { Exchange } from './proxy/exchange.ts';
import { atWrite } from './strike.ts';

type Strike = (exchange: Exchange, hands: Hands) => Promise<void>;

const FAULTS: Record<string, Strike> = {
  'all connections cut before': (exchange, { proxy }) => {
    proxy.wire.cutAll();
    return Promise.resolve(exchange.cut());
  },
  'all connections cut after': async (exchange, { proxy }) => {
    await exchange.forward();
    proxy.wire.cutAll();
  },
  // The write arrives in the end, when the operator has given it up and sent it again.
  'all connections frozen before': async (exchange, { proxy }) => {
    await untilGivenUp(exchange, { proxy });
    await answerIfItCan(exchange);
  },
  'all connections frozen after': async (exchange, { proxy }) => {
    const answer = await exchange.forward();
    await untilGivenUp(exchange, { proxy });
    await exchange.answer(answer).catch(() => undefined);
  },
  'its connection open on one side only before': (exchange) => lost(exchange),
  'its connection open on one side only after': async (exchange) => {
    await exchange.forward();
    await lost(exchange);
  },
  'its answer dripping after': async (exchange) => exchange.drip(await exchange.forward()),
};

/** It strikes the request, and the next one, with which the operator tries in vain: two for each. */
const MAY_COST_FROZEN = 4;

/** What may happen to connections, at each of these writes. @param from the first of them: 1 */
export function connectionFaults(writes: readonly string[], from = 1): PlannedFault[] {
  return Object.entries(FAULTS).flatMap(([words, strike]) =>
    writes.slice(from - 1).map((write, index) => ({
      kind: 'faults of connections',
      ...(words.includes('frozen') && { mayCost: MAY_COST_FROZEN }),
      name: `${words} write ${from + index} (${write})`,
      arm: (hands) => {
        hands.proxy.fault = atWrite(from + index, async (exchange) => {
          await strike(exchange, hands);
          hands.done();
        });
      },
    })),
  );
}

/** As long as it takes the operator to give the request up, and to try it again in vain. */
async function untilGivenUp({ line }: Exchange, { proxy }: Pick<Hands, 'proxy'>): Promise<void> {
  proxy.wire.freeze();
  await line?.left;
  await proxy.wire.nextSign();
  proxy.wire.thaw();
}

/** Nobody may be left to hear the answer. */
async function answerIfItCan(exchange: Exchange): Promise<void> {
  const answer = await exchange.forward();
  await exchange.answer(answer).catch(() => undefined);
}

async function lost({ line }: Exchange): Promise<void> {
  line?.lose();
  await line?.left;
}
