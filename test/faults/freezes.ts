import type { Hands, PlannedFault } from './planned-fault.ts';
import { isCounted } from './proxy/asked.ts';
import type { Exchange } from './proxy/exchange.ts';
import { atWrite } from './strike.ts';

type Strike = (exchange: Exchange, freeze: () => Promise<void>) => Promise<void>;

/** What becomes of the write during which the leader is stopped. */
const FREEZES: Record<string, Strike> = {
  'before (never carried out)': async (exchange, freeze) => {
    await freeze();
    exchange.cut();
  },
  'before (carried out when the other one led)': async (exchange, freeze) => {
    await freeze();
    await exchange.forward();
  },
  'without the answer of': async (exchange, freeze) => {
    await exchange.forward();
    await freeze();
    exchange.cut();
  },
  after: async (exchange, freeze) => {
    await exchange.answer(await exchange.forward());
    await freeze();
  },
};

/**
 * The leader stopped by SIGSTOP at each of its writes until the other one leads, and then let go on: it must send no
 * write, and end.
 */
export function freezes(writes: readonly string[]): PlannedFault[] {
  return Object.entries(FREEZES).flatMap(([words, strike]) =>
    writes.map((write, index) => ({
      kind: 'leaders stopped for longer than their Lease lasts',
      name: `the leader stopped ${words} write ${index + 1} (${write})`,
      arm: (hands) => {
        hands.proxy.fault = atWrite(index + 1, async (exchange) => {
          await strike(exchange, () => stopped(hands));
          await ended(hands);
        });
      },
    })),
  );
}

async function stopped({ operator, untilStandbyLeads }: Hands): Promise<void> {
  process.kill(operator().pid, 'SIGSTOP');
  await untilStandbyLeads();
}

async function ended({ proxy, operator, done, fail }: Hands): Promise<void> {
  const sent = proxy.asked.filter(isCounted).length;
  process.kill(operator().pid, 'SIGCONT');
  const code = await operator().ended;
  const later = proxy.asked.filter(isCounted).slice(sent);
  if (code !== 1) return fail(new Error(`the leader that was stopped ended with code ${code}`));
  if (later.length > 0) return fail(new Error(`the leader wrote after its Lease: ${JSON.stringify(later)}`));
  done();
}
