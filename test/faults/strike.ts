import { isCounted, nameOf } from './proxy/asked.ts';
import type { Exchange } from './proxy/exchange.ts';
import type { Fault } from './proxy/fault-proxy.ts';

type Strike = (exchange: Exchange) => Promise<void>;

/** Does it to the n-th request that counts, once. */
export function atWrite(n: number, strike: Strike): Fault {
  let count = 0;
  return (exchange) => {
    if (!isCounted(exchange.asked)) return undefined;
    count += 1;
    return count === n ? strike(exchange) : undefined;
  };
}

/** Does it to the first request of this name, once. */
export function atFirst(name: string, strike: Strike): Fault {
  let isOver = false;
  return (exchange) => {
    if (isOver || nameOf(exchange.asked) !== name) return undefined;
    isOver = true;
    return strike(exchange);
  };
}
