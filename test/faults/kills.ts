import type { PlannedFault } from './planned-fault.ts';
import type { Exchange } from './proxy/exchange.ts';
import { atWrite } from './strike.ts';

type Moment = 'before' | 'without the answer of' | 'after';

const AT: Record<Moment, (exchange: Exchange) => Promise<void>> = {
  // The API server never sees it.
  before: () => Promise.resolve(),
  'without the answer of': async (exchange) => void (await exchange.forward()),
  after: async (exchange) => exchange.answer(await exchange.forward()),
};

/**
 * The operator killed at each moment of each of these writes; a new one is started, or the one that stands by leads.
 * @param from the first of them: 1
 */
export function kills(writes: readonly string[], from = 1): PlannedFault[] {
  return (Object.keys(AT) as Moment[]).flatMap((moment) =>
    writes.slice(from - 1).map((write, index) => ({
      kind: 'kills',
      name: `killed ${moment} write ${from + index} (${write})`,
      arm: ({ proxy, crash, done }) => {
        proxy.fault = atWrite(from + index, async (exchange) => {
          await AT[moment](exchange);
          await crash();
          done();
        });
      },
    })),
  );
}
