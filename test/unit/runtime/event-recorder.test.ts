import { describe, expect, it } from '@jest/globals';
import type { EventObject, EventRecord, EventSeries } from '../../../src/runtime/event.ts';
import { type EventPort, EventRecorder } from '../../../src/runtime/event-recorder.ts';
import type { Logger } from '../../../src/runtime/logger.ts';
import { NotLeaderError } from '../../../src/runtime/not-leader-error.ts';
import { FakeClock } from '../../support/fakes/fake-clock.ts';
import { statusError } from '../../support/fakes/fake-source.ts';

const regarding = { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: 'web', uid: 'u1' };
const event = (more: Partial<EventRecord> = {}): EventRecord => ({
  regarding,
  type: 'Normal',
  reason: 'Started',
  action: 'Start',
  note: 'it runs',
  ...more,
});

/** Events as an API server keeps them: names are unique, a patch needs the event. `fail` is thrown first, once each. */
class FakeEvents implements EventPort {
  readonly stored = new Map<string, EventObject>();
  readonly calls: string[] = [];
  fail: Error[] = [];
  hang = false;

  async create(namespace: string, object: EventObject, signal: AbortSignal): Promise<void> {
    await this.#answer(`create ${namespace}`, signal);
    const { name } = object.metadata;
    if (this.stored.has(name)) throw statusError(409);
    this.stored.set(name, object);
  }

  async patchSeries({ metadata }: EventObject, series: EventSeries, signal: AbortSignal): Promise<void> {
    await this.#answer('patch', signal);
    const old = this.stored.get(metadata.name);
    if (!old) throw statusError(404);
    this.stored.set(metadata.name, { ...old, series });
  }

  get all(): EventObject[] {
    return [...this.stored.values()];
  }

  async #answer(call: string, signal: AbortSignal): Promise<void> {
    this.calls.push(call);
    if (this.hang)
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    const error = this.fail.shift();
    if (error) throw error;
  }
}

function setUp(port = new FakeEvents(), queueSize = 1000, isBusy = () => false) {
  const clock = new FakeClock(Date.parse('2026-03-01T10:00:00.123Z'));
  const warnings: object[] = [];
  const note = (fields: object): void => void warnings.push(fields);
  const logger: Logger = { debug: () => undefined, info: note, warn: note, error: note };
  const reporter = { controller: 'example.com/controller', instance: 'pod-1' };
  const recorder = new EventRecorder({ port, reporter, clock, logger, random: () => 0, queueSize, isBusy });
  return { clock, port, recorder, warnings };
}

describe('EventRecorder', () => {
  it('the event recorder sends an events.k8s.io/v1 Event in the namespace of the object that the event regards', async () => {
    const { clock, port, recorder } = setUp();
    recorder.record(event({ related: { ...regarding, kind: 'Node', name: 'n1', uid: 'u2' } }));
    expect(port.calls).toEqual([]); // never within the caller's turn
    await clock.advanceAsync(0);
    expect(port.calls).toEqual(['create shop']);
    expect(port.all).toMatchObject([
      {
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: { namespace: 'shop', name: expect.stringMatching(/^web\.[0-9a-f]{16}$/) as unknown },
        eventTime: '2026-03-01T10:00:00.123000Z',
        reportingController: 'example.com/controller',
        reportingInstance: 'pod-1',
        reason: 'Started',
        action: 'Start',
        type: 'Normal',
        note: 'it runs',
        regarding,
        related: { name: 'n1' },
      },
    ]);
    expect(port.all[0]).not.toHaveProperty('series');
  });

  it('the event recorder makes the note one line of at most 1024 bytes, cut between characters', async () => {
    const { clock, port, recorder } = setUp();
    recorder.record(event({ note: `a\n\u001b[31mb\u202e ${'ü'.repeat(1000)}` }));
    await clock.advanceAsync(0);
    const note = port.all[0]?.note ?? '';
    expect(note).toMatch(/^a \[31mb ü+\.\.\.$/);
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
    expect(Buffer.byteLength(note)).toBeGreaterThan(1020);
  });

  it('the event recorder counts repetitions in a series, and starts a new series after six silent minutes', async () => {
    const { clock, port, recorder } = setUp();
    recorder.record(event());
    await clock.advanceAsync(1000);
    recorder.record(event());
    recorder.record(event());
    await clock.advanceAsync(0);
    expect(port.calls).toEqual(['create shop', 'patch']);
    expect(port.all[0]?.series).toEqual({ count: 3, lastObservedTime: '2026-03-01T10:00:01.123000Z' });
    recorder.record(event({ note: 'something else' }));
    await clock.advanceAsync(6 * 60_000 + 1);
    recorder.record(event());
    await clock.advanceAsync(0);
    expect(port.all).toHaveLength(3);
  });

  it('the event recorder does not lose a repetition that comes while the event is on its way', async () => {
    const { clock, port, recorder } = setUp();
    const create = port.create.bind(port);
    port.create = (...call) => {
      recorder.record(event());
      return create(...call);
    };
    recorder.record(event());
    await clock.advanceAsync(0);
    expect(port.all).toMatchObject([{ series: { count: 2 } }]);
  });

  it('the event recorder creates a series anew when the server has forgotten it', async () => {
    const { clock, port, recorder } = setUp();
    recorder.record(event());
    await clock.advanceAsync(1000);
    port.stored.clear();
    recorder.record(event());
    await clock.advanceAsync(1000);
    expect(port.all).toMatchObject([{ series: { count: 2 } }]);
  });

  it('the event recorder sends an event with a key once, also after a restart and from another instance', async () => {
    const { clock, port, recorder } = setUp();
    recorder.record(event({ key: 'run-1' }));
    await clock.advanceAsync(0);
    recorder.record(event({ key: 'run-1', note: 'in other words' }));
    await clock.advanceAsync(0);
    expect(port.calls).toHaveLength(1);
    const restarted = setUp(port);
    restarted.recorder.record(event({ key: 'run-1' }));
    restarted.recorder.record(event({ key: 'run-2' }));
    await restarted.clock.advanceAsync(60_000);
    expect(port.calls).toHaveLength(3); // the second was AlreadyExists, and not tried again
    expect(port.all.map((stored) => stored.note)).toEqual(['it runs', 'it runs']);
    expect(restarted.warnings).toEqual([]);
  });

  it('the event recorder lets 25 events of an object pass, then one in five minutes, and counts other objects apart', async () => {
    const { clock, port, recorder } = setUp();
    for (let i = 0; i < 40; i++) recorder.record(event({ note: `n${i}` }));
    await clock.advanceAsync(0);
    expect(port.all).toHaveLength(25);
    await clock.advanceAsync(5 * 60_000);
    for (let i = 40; i < 50; i++) recorder.record(event({ note: `n${i}` }));
    recorder.record(event({ regarding: { ...regarding, uid: 'u9' } }));
    await clock.advanceAsync(0);
    expect(port.all).toHaveLength(27);
  });

  it('the event recorder drops events that do not fit into its queue', async () => {
    const { clock, port, recorder } = setUp(new FakeEvents(), 3);
    for (let i = 0; i < 10; i++) recorder.record(event({ note: `n${i}` }));
    await clock.advanceAsync(0);
    expect(port.all.map((stored) => stored.note)).toEqual(['n0', 'n1', 'n2']);
  });

  it('the event recorder retries passing faults a few times and keeps the order', async () => {
    const { clock, port, recorder, warnings } = setUp();
    port.fail = [statusError(500), new Error('ECONNRESET'), statusError(429, 3000)];
    recorder.record(event({ note: 'first' }));
    recorder.record(event({ note: 'second' }));
    await clock.advanceAsync(3749);
    expect(port.calls).toHaveLength(3);
    await clock.advanceAsync(1);
    expect(port.all.map((stored) => stored.note)).toEqual(['first', 'second']);
    port.fail = Array.from({ length: 4 }, () => statusError(503));
    recorder.record(event({ note: 'unlucky' }));
    await clock.advanceAsync(60_000);
    expect(warnings).toHaveLength(1);
    expect(port.all).toHaveLength(2);
  });

  it('the event recorder logs a refusal once a namespace and does not retry the event', async () => {
    const { clock, port, recorder, warnings } = setUp();
    port.fail = [statusError(403), statusError(403)];
    recorder.record(event({ note: 'one' }));
    recorder.record(event({ note: 'two' }));
    await clock.advanceAsync(60_000);
    expect(port.calls).toHaveLength(2);
    expect(warnings).toMatchObject([{ namespace: 'shop', code: 403 }]);
  });

  it('the event recorder sends its waiting events when it stops, but not after the deadline', async () => {
    const quick = setUp();
    quick.recorder.record(event());
    await quick.recorder.stop(1000);
    quick.recorder.record(event({ note: 'too late' }));
    await quick.clock.advanceAsync(0);
    expect(quick.port.all).toHaveLength(1);
    expect(quick.clock.timers).toBe(0);

    const slow = setUp();
    slow.port.hang = true;
    slow.recorder.record(event());
    slow.recorder.record(event({ note: 'behind it' }));
    let stopped = false;
    void slow.recorder.stop(1000).then(() => (stopped = true));
    await slow.clock.advanceAsync(999);
    expect(stopped).toBe(false);
    await slow.clock.advanceAsync(1);
    expect(stopped).toBe(true);
    expect(slow.port.calls).toHaveLength(1);
  });

  it("the event recorder sends and warns nothing more at the end of the leader's term", async () => {
    const { port, recorder, warnings } = setUp();
    port.fail = [new NotLeaderError('not sent'), new NotLeaderError('not sent')];
    recorder.record(event());
    recorder.record(event({ reason: 'Ended' }));
    await recorder.stop(2_000);
    expect(port.calls).toHaveLength(2);
    expect(warnings).toEqual([]);
  });

  it('an event lets other work go first', async () => {
    let isBusy = true;
    const { clock, port, recorder } = setUp(new FakeEvents(), 1000, () => isBusy);
    recorder.record(event());
    await clock.advanceAsync(1_000);
    expect(port.calls).toEqual([]);
    isBusy = false;
    await clock.advanceAsync(20);
    expect(port.all).toHaveLength(1);
  });

  it('an event waits no longer than two seconds for other work, also behind one that waited', async () => {
    const { clock, port, recorder } = setUp(new FakeEvents(), 1000, () => true);
    recorder.record(event({ note: 'first' }));
    recorder.record(event({ note: 'second' }));
    await clock.advanceAsync(1_980);
    expect(port.calls).toEqual([]);
    await clock.advanceAsync(20);
    expect(port.all.map(({ note }) => note)).toEqual(['first', 'second']);
  });

  it('an event waits for no other work once half of the queue is full, so that none is lost', async () => {
    const { clock, port, recorder } = setUp(new FakeEvents(), 4, () => true);
    for (const note of ['one', 'two']) recorder.record(event({ note }));
    await clock.advanceAsync(0);
    expect(port.calls).toEqual([]);
    recorder.record(event({ note: 'three' }));
    await clock.advanceAsync(20);
    expect(port.all.map(({ note }) => note)).toEqual(['one']);
  });

  it('an event waits for no other work when the event recorder stops', async () => {
    const { port, recorder } = setUp(new FakeEvents(), 1000, () => true);
    recorder.record(event());
    await recorder.stop(1_000);
    expect(port.all).toHaveLength(1);
  });
});
