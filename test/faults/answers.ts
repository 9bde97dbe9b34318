import type { EndState } from './end-state.ts';
import type { OtherEnd, PlannedFault } from './planned-fault.ts';
import type { Answer, Exchange } from './proxy/exchange.ts';
import { atFirst, atWrite } from './strike.ts';

type Strike = (exchange: Exchange) => Promise<void>;

const refused =
  (code: number, reason: string, message: string): Strike =>
  (exchange) =>
    exchange.answer(refusal(code, reason, message));

const changed =
  (change: (body: Buffer) => Buffer): Strike =>
  async (exchange) => {
    const answer = await exchange.forward();
    await exchange.answer({ ...answer, body: change(answer.body) });
  };

/** What may come back of a write and of a read alike, in place of the answer. */
const ANSWERS = {
  'refused with 403': refused(403, 'Forbidden', 'the proxy in between does not let you'),
  // As a proxy in between says so, which knows nothing of the path.
  'refused with 404': (exchange) =>
    exchange.answer({
      status: 404,
      headers: { 'content-type': 'text/plain' },
      body: Buffer.from('404 page not found'),
    }),
  'refused with 410': refused(410, 'Expired', 'too old resource version'),
  'refused with 429': refused(429, 'TooManyRequests', 'too many requests'),
  'refused with 500': refused(500, 'InternalError', 'etcdserver: request timed out'),
  'refused with 503': refused(503, 'ServiceUnavailable', 'apiserver is shutting down'),
  'carried out and answered with half of its JSON': changed((body) => body.subarray(0, body.length / 2)),
  'carried out and answered with no JSON': changed(() => Buffer.from('<html><body>Sign in</body></html>')),
  'never carried out, its connection cut': (exchange) => Promise.resolve(exchange.cut()),
} satisfies Record<string, Strike>;

type OfBoth = keyof typeof ANSWERS;

const WRITES: Record<string, Strike> = {
  ...ANSWERS,
  'refused with 409': refused(409, 'Conflict', 'the object has been modified'),
  // A timeout of etcd says nothing of the write: it may be carried out.
  'carried out and answered with 500': async (exchange) => {
    await exchange.forward();
    await exchange.answer(refusal(500, 'InternalError', 'etcdserver: request timed out'));
  },
  'carried out, its connection cut': async (exchange) => {
    await exchange.forward();
    exchange.cut();
  },
};

/** After these nobody can know whether the write was carried out. */
const IN_DOUBT = ['answered with', 'its connection cut'];

const INJECTION = 'PATCH pods/ephemeralcontainers';
/** The API server says that it will never take this container: no try is worth repeating. */
const FINAL = new Set(['refused with 403', 'refused with 404', 'refused with 410']);

/** Each of these writes answered otherwise than the API server would, once. @param from the first of them: 1 */
export function answers(writes: readonly string[], from = 1): PlannedFault[] {
  return Object.entries(WRITES).flatMap(([words, strike]) => planned(writes, from, { words, strike }));
}

/** Only those that leave open whether the write was carried out. */
export function doubts(writes: readonly string[], from = 1): PlannedFault[] {
  return answers(writes, from).filter(({ name }) => IN_DOUBT.some((words) => name.includes(words)));
}

function planned(
  writes: readonly string[],
  from: number,
  { words, strike }: { words: string; strike: Strike },
): PlannedFault[] {
  return writes.slice(from - 1).map((write, index) => ({
    kind: 'wrong answers to writes',
    name: `write ${from + index} (${write}) ${words}`,
    ...(write === INJECTION && FINAL.has(words) && { otherEnd: notInjected }),
    arm: ({ proxy, done }) => {
      proxy.fault = atWrite(from + index, async (exchange) => {
        await strike(exchange);
        done();
      });
    },
  }));
}

/** An injection that was refused for good has failed, and says so. */
const notInjected: OtherEnd = {
  settled: (stage) =>
    stage.untilSession(
      'session',
      ({ metadata, status }) => status?.phase === 'Failed' && (metadata.finalizers ?? []).length === 0,
    ),
  wrong: ({ pods }: EndState) =>
    (pods as { containers: unknown[] }[]).some(({ containers }) => containers.length > 0)
      ? ['a container stands in the pod, and its session has failed']
      : [],
};

/**
 * Each read answered in three ways, so that each way comes to every third read.
 * @param reads by their names, each once
 */
export function someWrongReads(reads: readonly string[]): PlannedFault[] {
  const ways = Object.keys(ANSWERS) as OfBoth[];
  return reads.flatMap((read, index) =>
    ways.filter((_way, at) => at % 3 === index % 3).map((words) => wrongRead(read, words)),
  );
}

function wrongRead(read: string, words: OfBoth): PlannedFault {
  return {
    kind: 'wrong answers to reads',
    name: `the first ${read} ${words}`,
    arm: ({ proxy, done }) => {
      proxy.fault = atFirst(read, async (exchange) => {
        // A watch has no whole answer to change: what is no JSON comes in place of its stream.
        const strike = exchange.asked.isWatch && words.startsWith('carried out') ? noStream : ANSWERS[words];
        await strike(exchange);
        done();
      });
    },
  };
}

const noStream: Strike = (exchange) =>
  exchange.answer({
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from('{"type":"ADDED","object":{"metadata":{"na'),
  });

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
