import { atWrite } from './at-write.ts';
import type { Exchange } from './proxy/exchange.ts';
import type { PlannedFault } from './trial.ts';

type Moment = 'before' | 'without the answer of' | 'after';

const AT: Record<Moment, (exchange: Exchange) => Promise<void>> = {
  // The API server never sees it.
  before: () => Promise.resolve(),
  'without the answer of': async (exchange) => void (await exchange.forward()),
  after: async (exchange) => exchange.answer(await exchange.forward()),
};

/** The operator killed at each moment of each write, and a new one started. */
export function kills(writes: readonly string[]): PlannedFault[] {
  return (Object.keys(AT) as Moment[]).flatMap((moment) =>
    writes.map((write, index) => ({
      name: `killed ${moment} write ${index + 1} (${write})`,
      arm: ({ proxy, crash, done }) => {
        proxy.fault = atWrite(index + 1, async (exchange) => {
          await AT[moment](exchange);
          await crash();
          done();
        });
      },
    })),
  );
}
