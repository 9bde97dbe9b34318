import type { Hands, PlannedFault } from './planned-fault.ts';
import { nameOf, type Asked } from './proxy/asked.ts';
import type { Answer } from './proxy/exchange.ts';
import type { Reader, Tamper, WatchLine } from './proxy/tamper.ts';

/** A watch that a scenario depends on. */
export interface Watched {
  resource: 'debugsessions' | 'pods' | 'debugpolicies';
  /** The text of the last event that the operator has to hear of. */
  last: RegExp;
}

/** The watches of an injection. */
export const SESSION_RUNS: Watched = { resource: 'debugsessions', last: /"phase":"Running"/ };
export const POD_RUNS: Watched = {
  resource: 'pods',
  last: /"ephemeralContainerStatuses":\[\{"name":"[^"]*","state":\{"running"/,
};

/** What is done to the lines of a watch: one state for all connections of it in a trial. */
type Plan = (hands: Hands, watched: Watched) => Tamper;

const gone = status(410, 'Expired', 'too old resource version');
const broken = status(500, 'InternalError', 'etcdserver: no leader');

const PLANS: Record<string, Plan> = {
  'cut in the middle of each event': ({ done }) =>
    onceEach((line, reader) => {
      reader.sendPart(line.text.slice(0, line.text.length / 2));
      reader.cut();
      done();
    }),
  'ended in the middle of each event': ({ done }) =>
    onceEach((line, reader) => {
      reader.sendPart(line.text.slice(0, line.text.length / 2));
      reader.end();
      done();
    }),
  'ended after each event': ({ done }) =>
    onceEach((line, reader) => {
      reader.send(line.text);
      reader.end();
      done();
    }),
  'with a line that is no JSON for each event': ({ done }) =>
    onceEach((_line, reader) => {
      reader.send('{"type":"MODIFIED","object":{"metadata"');
      done();
    }),
  'ended by an error for each event': ({ done }) =>
    onceEach((_line, reader) => {
      reader.send(broken);
      reader.end();
      done();
    }),
  'too old at each event': ({ done }) =>
    onceEach((_line, reader) => {
      reader.send(gone);
      reader.end();
      done();
    }),
  'with each event twice':
    ({ done }) =>
    (line, reader) => {
      reader.send(line.text);
      reader.send(line.text);
      if (isChange(line)) done();
    },
  'with the first version of an object after each newer one': ({ done }) => {
    const first = new Map<string, string>();
    return (line, reader) => {
      reader.send(line.text);
      if (!isChange(line)) return;
      const { uid = '' } = line.object.metadata ?? {};
      const older = first.get(uid);
      if (older === undefined) return void first.set(uid, line.text.replace('"type":"ADDED"', '"type":"MODIFIED"'));
      reader.send(older);
      done();
    };
  },
  'held back from its first event to its last': ({ done }, { last }) => {
    const held: string[] = [];
    let isFirst = true;
    return (line, reader) => {
      // Without it the operator knows of nothing to do, and there is no last event.
      if (isFirst && isChange(line)) {
        isFirst = false;
        reader.send(line.text);
        if (last.test(line.text)) done();
        return;
      }
      held.push(line.text);
      if (!last.test(line.text)) return;
      for (const text of held.splice(0)) reader.send(text);
      done();
    };
  },
  'byte by byte':
    ({ done }) =>
    async (line, reader) => {
      for (const byte of Buffer.from(`${line.text}\n`).toString('latin1')) {
        reader.sendPart(byte);
        await new Promise((resolve) => setImmediate(resolve));
      }
      if (isChange(line)) done();
    },
};

/** Each of these watches in everything that may go wrong with it. */
export function watchFaults(watches: readonly Watched[]): PlannedFault[] {
  const kind = 'faults of watches';
  return watches.flatMap((watched) => [
    ...Object.entries(PLANS).map(([words, plan]) => ({
      kind,
      name: `the watch of ${watched.resource} ${words}`,
      arm: (hands: Hands) => {
        const tamper = plan(hands, watched);
        hands.proxy.tamper = (asked) => (isOf(asked, watched) ? tamper : undefined);
      },
    })),
    {
      kind,
      name: `the list of ${watched.resource} older than what was seen`,
      arm: (hands) => staleList(hands, watched),
    },
    { kind, name: `the watch of ${watched.resource} silent`, isSlow: true, arm: (hands) => silence(hands, watched) },
  ]);
}

function isOf(asked: Asked, { resource }: Watched): boolean {
  return nameOf(asked) === `WATCH ${resource}`;
}

/** A line that tells of a change, and no bookmark. */
function isChange({ type }: WatchLine): boolean {
  return ['ADDED', 'MODIFIED', 'DELETED'].includes(type);
}

/** Does it to the first coming of each event, and lets it go its way when it comes again. */
function onceEach(strike: (line: WatchLine, reader: Reader) => void): Tamper {
  const struck = new Set<string>();
  return (line, reader) => {
    const { uid, resourceVersion } = line.object.metadata ?? {};
    const event = `${line.type} ${uid} ${resourceVersion}`;
    if (!isChange(line) || struck.has(event)) return reader.send(line.text);
    struck.add(event);
    strike(line, reader);
  };
}

/**
 * An API server whose cache is behind: the watch is too old after its last event, and the list after that is the first
 * that there was. The watch then goes on from there.
 */
function staleList({ proxy, done }: Hands, watched: Watched): void {
  const { resource, last } = watched;
  let first: Answer | undefined;
  let isStale = false;
  proxy.fault = (exchange) => {
    if (nameOf(exchange.asked) !== `GET ${resource}`) return undefined;
    return (async () => {
      const now = await exchange.forward();
      first ??= now;
      if (!isStale) return exchange.answer(now);
      isStale = false;
      await exchange.answer(first);
      done();
    })();
  };
  let isOver = false;
  proxy.tamper = (asked) =>
    isOf(asked, watched)
      ? (line, reader) => {
          reader.send(line.text);
          if (isOver || !last.test(line.text)) return;
          isOver = isStale = true;
          reader.send(gone);
          reader.end();
        }
      : undefined;
}

/** Its connection is open, and nothing comes: until the operator gives it up. */
function silence({ proxy, done }: Hands, watched: Watched): void {
  let isFirst = true;
  proxy.tamper = (asked) => {
    if (!isFirst || !isOf(asked, watched)) return undefined;
    isFirst = false;
    return (_line, reader) => void reader.left.then(done);
  };
}

function status(code: number, reason: string, message: string): string {
  const object = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
  return JSON.stringify({ type: 'ERROR', object });
}
