import { isCounted } from './proxy/asked.ts';
import type { Exchange } from './proxy/exchange.ts';
import type { Fault } from './proxy/fault-proxy.ts';

/** Does it to the n-th request that counts, once. */
export function atWrite(n: number, strike: (exchange: Exchange) => Promise<void>): Fault {
  let count = 0;
  return (exchange) => {
    if (!isCounted(exchange.asked)) return undefined;
    count += 1;
    return count === n ? strike(exchange) : undefined;
  };
}
