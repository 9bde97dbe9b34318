import { describe, expect, it } from '@jest/globals';
import { ListWatch, type ListWatchOptions } from '../../../src/runtime/list-watch.ts';
import { FakeClock } from '../../support/fakes/fake-clock.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { FakeSource, type FakeWatch, statusError } from '../../support/fakes/fake-source.ts';

interface Thing {
  metadata: { name: string; resourceVersion: string };
}

const thing = (name: string, rv: number): Thing => ({ metadata: { name, resourceVersion: String(rv) } });
const page = (rv: number, ...items: Thing[]) => ({ metadata: { resourceVersion: String(rv) }, items });

/** Runs a ListWatch on a fake source; `seen` is what its handler was told. */
async function run(source: FakeSource, more: Partial<ListWatchOptions<Thing>> = {}) {
  const clock = new FakeClock();
  const seen: string[] = [];
  const controller = new AbortController();
  const listWatch = new ListWatch<Thing>({
    name: 'things',
    source,
    clock,
    random: () => 0, // no jitter, watches of 300 s
    handler: {
      onList: (items, rv) => seen.push(`LIST ${items.map((item) => item.metadata.name).join(',')} @${rv}`),
      onEvent: (type, object, rv) => seen.push(`${type} ${object.metadata.name} @${rv}`),
      onBookmark: (rv) => seen.push(`BOOKMARK @${rv}`),
    },
    ...more,
  });
  let ended = false;
  const running = listWatch.run(controller.signal).then(() => (ended = true));
  await clock.advanceAsync(0);
  return {
    clock,
    seen,
    isRunning: () => !ended,
    again: () => listWatch.run(new AbortController().signal),
    /** Aborts, and proves that nothing is left behind. */
    stop: async () => {
      controller.abort(new Error('stop'));
      await running;
      expect(clock.timers).toBe(0);
      for (const watch of source.watches) expect(watch.signal.aborted).toBe(true);
    },
  };
}

describe('ListWatch', () => {
  it('the list-watch lists in pages, then watches from the list with bookmarks and a time limit', async () => {
    const first = { metadata: { resourceVersion: '7', continue: 'more' }, items: [thing('a', 1)] };
    const source = new FakeSource(first, page(7, thing('b', 2)));
    const { seen, stop, clock } = await run(source);
    source.open.send('ADDED', thing('c', 8));
    source.open.send('DELETED', thing('a', 9));
    await clock.advanceAsync(0);
    expect(source.lists).toEqual([{ limit: 500 }, { limit: 500, continue: 'more' }]);
    expect(source.open.query).toEqual({ resourceVersion: '7', allowWatchBookmarks: true, timeoutSeconds: 300 });
    expect(seen).toEqual(['LIST a,b @7', 'ADDED c @8', 'DELETED a @9']);
    await stop();
  });

  it('the list-watch reads the whole list anew when its continue token has expired', async () => {
    const first = { metadata: { resourceVersion: '7', continue: 'more' }, items: [thing('a', 1)] };
    const source = new FakeSource(first, statusError(410), page(9, thing('b', 2)));
    const { seen, stop } = await run(source);
    expect(source.lists.at(-1)).toEqual({});
    expect(seen).toEqual(['LIST b @9']);
    await stop();
  });

  it('the list-watch takes a list of any length', async () => {
    const many = Array.from({ length: 300_000 }, (_, i) => thing('x', i + 1));
    let count = 0;
    const handler = { onList: (items: Thing[]) => (count = items.length), onEvent: () => undefined };
    const { stop } = await run(new FakeSource({ metadata: { resourceVersion: '7' }, items: many }), { handler });
    await stop();
    expect(count).toBe(300_000);
  });

  it('the list-watch resumes from a bookmark after a clean close, at once and without a list', async () => {
    const source = new FakeSource(page(7));
    const { seen, stop, clock } = await run(source);
    source.open.bookmark('20');
    await clock.advanceAsync(2_000);
    source.open.close();
    await clock.advanceAsync(0);
    expect(source.watches.map((watch) => watch.query.resourceVersion)).toEqual(['7', '20']);
    expect(source.lists).toHaveLength(1);
    expect(seen).toEqual(['LIST  @7', 'BOOKMARK @20']);
    await stop();
  });

  it.each(['status', 'in-band'])('the list-watch lists again after 410 as %s, at once', async (how) => {
    const source = new FakeSource(page(7), page(50, thing('a', 40)));
    const { seen, stop, clock } = await run(source);
    if (how === 'status') source.open.fail(statusError(410));
    else source.open.send('ERROR', { kind: 'Status', code: 410, reason: 'Expired' });
    await clock.advanceAsync(0);
    expect(seen).toEqual(['LIST  @7', 'LIST a @50']);
    expect(source.open.query.resourceVersion).toBe('50');
    await stop();
  });

  it('the list-watch slows down when every list is followed by 410', async () => {
    const source = new FakeSource(page(7));
    for (let i = 0; i < 100; i++) source.refuseWatch.push(statusError(410));
    const { stop, clock } = await run(source);
    await clock.advanceAsync(10_000);
    expect(source.lists.length).toBeLessThan(12);
    expect(source.lists.length).toBeGreaterThan(4);
    await stop();
  });

  it('the list-watch lists again after any other error in the stream, after a pause', async () => {
    const source = new FakeSource(page(7));
    const { stop, clock } = await run(source);
    source.open.send('ERROR', { kind: 'Status', code: 500, message: 'etcd' });
    await clock.advanceAsync(99);
    expect(source.lists).toHaveLength(1);
    await clock.advanceAsync(1);
    expect(source.lists).toHaveLength(2);
    await stop();
  });

  it.each([400, 422, 504])(
    'the list-watch lists again when the server refuses a watch from its version with %d',
    async (code) => {
      const source = new FakeSource(page(7), page(5));
      source.refuseWatch.push(statusError(code));
      const { stop, clock } = await run(source);
      await clock.advanceAsync(100);
      expect(source.watches.map((watch) => watch.query.resourceVersion)).toEqual(['7', '5']);
      await stop();
    },
  );

  it('the list-watch goes on from the last event after a broken connection', async () => {
    const source = new FakeSource(page(7));
    const { seen, stop, clock } = await run(source);
    source.open.send('ADDED', thing('a', 8));
    source.open.fail(new Error('ECONNRESET'));
    await clock.advanceAsync(100);
    expect(source.open.query.resourceVersion).toBe('8');
    expect(source.lists).toHaveLength(1);
    expect(seen).toEqual(['LIST  @7', 'ADDED a @8']);
    await stop();
  });

  it('the list-watch backs off up to 5 s while lists fail, then recovers', async () => {
    const source = new FakeSource(statusError(500));
    const { seen, stop, clock } = await run(source);
    await clock.advanceAsync(60_000);
    // 0.1 + 0.2 + ... + 3.2 s, then one every 5 s.
    expect(source.lists.length).toBe(1 + 6 + Math.floor((60_000 - 6_300) / 5_000));
    source.answerLists(page(9, thing('a', 1)));
    await clock.advanceAsync(5_000);
    expect(seen).toEqual(['LIST a @9']);
    await stop();
  });

  it.each([401, 403])('the list-watch backs off up to 30 s after %d', async (code) => {
    const source = new FakeSource(statusError(code));
    const { stop, clock } = await run(source);
    await clock.advanceAsync(120_000);
    expect(clock.nextTimer).toBeLessThanOrEqual(30_000);
    const before = source.lists.length;
    await clock.advanceAsync(60_000);
    expect(source.lists.length - before).toBe(2);
    await stop();
  });

  it('the list-watch waits as long as 429 says', async () => {
    const source = new FakeSource(statusError(429, 8_000), page(7));
    const { stop, clock } = await run(source);
    await clock.advanceAsync(7_999);
    expect(source.lists).toHaveLength(1);
    await clock.advanceAsync(1);
    expect(source.lists).toHaveLength(2);
    await stop();
  });

  const nothingNew: Record<string, (watch: FakeWatch, nth: number) => void> = {
    nothing: () => undefined,
    'the same bookmark': (watch) => watch.bookmark('7'),
    'a newer bookmark': (watch, nth) => watch.bookmark(String(100 + nth)),
    'an event from before': (watch) => watch.send('ADDED', thing('a', 5)),
  };
  it.each(Object.entries(nothingNew))(
    'the list-watch backs off from a server that closes at once after %s',
    async (_, send) => {
      const source = new FakeSource(page(7));
      const { stop, clock } = await run(source);
      for (let closed = 0, ms = 0; ms < 20_000; ms += 10) {
        await clock.advanceAsync(10);
        if (closed === source.watches.length) continue;
        closed = source.watches.length;
        send(source.open, closed);
        source.open.close();
      }
      expect(source.watches.length).toBeLessThan(14);
      expect(source.lists).toHaveLength(1);
      await stop();
    },
    20_000,
  );

  it('the list-watch slows down when every watch ends with 410 right after its first event', async () => {
    const source = new FakeSource(page(7));
    const { stop, clock } = await run(source);
    for (let answered = 0, ms = 0; ms < 20_000; ms += 10) {
      await clock.advanceAsync(10);
      if (answered === source.watches.length) continue;
      answered = source.watches.length;
      source.open.send('ADDED', thing('a', 100 + answered));
      source.open.send('ERROR', { kind: 'Status', code: 410 });
    }
    expect(source.lists.length).toBeLessThan(14);
    await stop();
  }, 20_000);

  it('the list-watch is not slower after each reset of a healthy but silent watch', async () => {
    const source = new FakeSource(page(7));
    const { stop, clock } = await run(source);
    for (let nth = 1; nth <= 10; nth++) {
      await clock.advanceAsync(60_000);
      source.open.bookmark(String(10 + nth));
      await clock.advanceAsync(60_000);
      source.open.fail(new Error('ECONNRESET'));
      await clock.advanceAsync(100);
      expect(source.watches).toHaveLength(nth + 1);
    }
    await stop();
  });

  it('the list-watch is not slower after each cut by a proxy before the first bookmark', async () => {
    const source = new FakeSource(page(7));
    const { stop, clock } = await run(source);
    for (let nth = 1; nth <= 10; nth++) {
      await clock.advanceAsync(35_000);
      source.open.fail(new Error('other side closed'));
      await clock.advanceAsync(100);
      expect(source.watches).toHaveLength(nth + 1);
    }
    await stop();
  });

  it('the list-watch slows down when no server answers, however long each try takes', async () => {
    const source = new FakeSource(page(7));
    const { stop, clock } = await run(source);
    for (let nth = 1; nth <= 10; nth++) {
      await clock.advanceAsync(10_000);
      source.open.fail(new Error('ETIMEDOUT'));
      await clock.advanceAsync(5_000);
      expect(source.watches).toHaveLength(nth + 1);
    }
    await clock.advanceAsync(10_000);
    source.open.fail(new Error('ETIMEDOUT'));
    await clock.advanceAsync(4_999);
    expect(source.watches).toHaveLength(11);
    await stop();
  });

  it('the list-watch goes on from its newest version when the server repeats older events', async () => {
    const source = new FakeSource(page(7));
    const { stop, clock } = await run(source);
    source.open.send('ADDED', thing('a', 12));
    source.open.send('ADDED', thing('a', 9));
    source.open.fail(new Error('ECONNRESET'));
    await clock.advanceAsync(100);
    expect(source.open.query.resourceVersion).toBe('12');
    await stop();
  });

  it('the list-watch has one loop, however often it is started', async () => {
    const source = new FakeSource(page(7));
    const errors: string[] = [];
    const logger = { ...silentLogger, error: (_: unknown, message: string) => errors.push(message) };
    const { stop, again } = await run(source, { logger });
    const second = again();
    await stop();
    await second;
    expect(source.watches).toHaveLength(1);
    expect(errors).toEqual(['list and watch were started twice']);
  });

  it('the list-watch logs a lasting refusal once, each passing fault, and the recovery', async () => {
    const lines: string[] = [];
    const warn = (fields: object, message: string): void =>
      void lines.push(`${message}: ${(fields as { err: string }).err}`);
    const info = (_: object, message: string): void => void lines.push(message);
    const [refused, passing] = [statusError(403), statusError(503)];
    const source = new FakeSource(refused, refused, refused, passing, passing, refused, page(7));
    const { stop, clock } = await run(source, { logger: { ...silentLogger, warn, info } });
    await clock.advanceAsync(60_000);
    expect(source.lists).toHaveLength(7);
    expect(lines).toEqual([
      ...['HTTP 403', 'HTTP 503', 'HTTP 503', 'HTTP 403'].map((err) => `list or watch failed: ${err}`),
      'list and watch work again',
    ]);
    await stop();
  });

  it('the list-watch opens a silent watch anew from its last version and without a list', async () => {
    const source = new FakeSource(page(7));
    const { stop, clock } = await run(source);
    await clock.advanceAsync(149_999);
    expect(source.watches).toHaveLength(1);
    await clock.advanceAsync(1);
    expect(source.watches).toHaveLength(2);
    expect(source.watches[0]?.signal.aborted).toBe(true);
    await clock.advanceAsync(100_000);
    source.open.bookmark('9');
    await clock.advanceAsync(149_999);
    expect(source.watches).toHaveLength(2);
    await clock.advanceAsync(1);
    expect(source.watches.map((watch) => watch.query.resourceVersion)).toEqual(['7', '7', '9']);
    expect(source.lists).toHaveLength(1);
    await stop();
  });

  it('the list-watch survives handlers and transforms that throw, and still goes forward', async () => {
    const source = new FakeSource(page(7, thing('a', 1), thing('odd', 2)));
    const seen: string[] = [];
    const { stop, clock, isRunning } = await run(source, {
      transform: (object) => {
        const read = object as Thing;
        if (read.metadata.name === 'odd') throw new Error('odd');
        return read;
      },
      handler: {
        onList: (items) => {
          seen.push(`list of ${items.length}`);
          throw new Error('broken');
        },
        onEvent: (_, object) => {
          seen.push(object.metadata.name);
          throw new Error('broken');
        },
      },
    });
    source.open.send('ADDED', thing('odd', 8));
    source.open.send('ADDED', thing('b', 9));
    source.open.fail(new Error('ECONNRESET'));
    await clock.advanceAsync(100);
    expect(seen).toEqual(['list of 1', 'b']);
    expect(source.open.query.resourceVersion).toBe('9');
    expect(isRunning()).toBe(true);
    await stop();
  });

  it('the list-watch ends at once when it is aborted while listing, watching or waiting', async () => {
    const listing = await run(new FakeSource('hang'));
    await listing.stop();
    const watching = await run(new FakeSource(page(7)));
    await watching.stop();
    const waiting = await run(new FakeSource(statusError(403)));
    expect(waiting.clock.timers).toBe(1);
    await waiting.stop();
  });

  it('the list-watch tells nothing after the abort', async () => {
    const source = new FakeSource(page(7));
    const { seen, stop } = await run(source);
    const watch = source.open;
    const stopping = stop();
    watch.send('ADDED', thing('late', 9));
    await stopping;
    expect(seen).toEqual(['LIST  @7']);
  });
});
