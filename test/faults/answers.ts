import { atWrite } from './at-write.ts';
import type { Answer, Exchange } from './proxy/exchange.ts';
import type { PlannedFault } from './trial.ts';

/** What comes back of a write in place of its answer. */
const ANSWERS: Record<string, (exchange: Exchange) => Promise<void>> = {
  'refused with 409': (exchange) => exchange.answer(refusal(409, 'Conflict', 'the object has been modified')),
  'refused with 429': (exchange) => exchange.answer(refusal(429, 'TooManyRequests', 'too many requests')),
  'refused with 500': (exchange) => exchange.answer(refusal(500, 'InternalError', 'etcdserver: request timed out')),
  'refused with 503': (exchange) => exchange.answer(refusal(503, 'ServiceUnavailable', 'apiserver is shutting down')),
  // A timeout of etcd says nothing of the write: it may be carried out.
  'carried out and answered with 500': async (exchange) => {
    await exchange.forward();
    await exchange.answer(refusal(500, 'InternalError', 'etcdserver: request timed out'));
  },
  'carried out and answered with half of its JSON': async (exchange) => {
    const answer = await exchange.forward();
    await exchange.answer({ ...answer, body: answer.body.subarray(0, answer.body.length / 2) });
  },
  'never carried out, its connection cut': (exchange) => Promise.resolve(exchange.cut()),
  'carried out, its connection cut': async (exchange) => {
    await exchange.forward();
    exchange.cut();
  },
};

/** Each write answered otherwise than the API server would, once. */
export function answers(writes: readonly string[]): PlannedFault[] {
  return Object.entries(ANSWERS).flatMap(([words, strike]) =>
    writes.map((write, index) => ({
      name: `write ${index + 1} (${write}) ${words}`,
      arm: ({ proxy, done }) => {
        proxy.fault = atWrite(index + 1, async (exchange) => {
          await strike(exchange);
          done();
        });
      },
    })),
  );
}

/** As the API server says no, with the pause that it asks for where it has too much to do. */
function refusal(code: number, reason: string, message: string): Answer {
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
  const pause = code === 429 || code === 503 ? { 'retry-after': '1' } : {};
  return {
    status: code,
    headers: { 'content-type': 'application/json', ...pause },
    body: Buffer.from(JSON.stringify(status)),
  };
}
