import { expect, it } from '@jest/globals';
import type { Logger } from '../../../src/runtime/logger.ts';
import type { Notice } from '../../../src/notify/notice.ts';
import { MAX_AGE_MS, MAX_WAITING, type NoticeResult, Outbox } from '../../../src/notify/outbox.ts';
import type { Message, Outcome } from '../../../src/notify/send.ts';
import { FakeClock } from '../../support/fakes/fake-clock.ts';

/** An outbox whose receiver answers as the test says. */
class Scene {
  readonly clock = new FakeClock();
  readonly sent: string[] = [];
  readonly results: NoticeResult[] = [];
  readonly lines: string[] = [];
  answer: () => Promise<Outcome> = async () => ({ kind: 'delivered' });
  readonly outbox: Outbox;

  constructor() {
    const line = (fields: object, message: string): void => {
      this.lines.push(`${message} ${JSON.stringify(fields)}`);
    };
    const logger: Logger = { debug: line, info: line, warn: line, error: line };
    this.outbox = new Outbox({
      receiver: new URL('https://chat.example/hooks/the-secret-token'),
      key: () => Buffer.from('0123456789abcdef'),
      send: ({ headers }: Message) => {
        this.sent.push(headers['webhook-id'] ?? '');
        return this.answer();
      },
      clock: this.clock,
      logger,
      onResult: (result) => this.results.push(result),
      userAgent: 'debugsession/test',
    });
  }

  add(...ids: string[]): void {
    for (const id of ids) this.outbox.add(this.#notice(id));
  }

  #notice(id: string): Notice {
    const data = { namespace: 'demo', session: 'web', sessionUID: 'uid', attempt: 1, message: '' };
    return { kind: 'run.started', id, namespace: 'demo', name: 'web', at: this.clock.now(), data };
  }
}

const later: Outcome = { kind: 'later', why: 'it answered 503' };

it('the outbox sends notices in their order, one at a time', async () => {
  const scene = new Scene();
  scene.add('a', 'b', 'c');
  await scene.clock.advanceAsync(0);
  expect(scene.sent).toEqual(['a', 'b', 'c']);
  expect(scene.results).toEqual(['delivered', 'delivered', 'delivered']);
});

it('a notice is sent again until it is delivered, and the log has one line for the silence and one for its end', async () => {
  const scene = new Scene();
  const answers = [later, later, later];
  scene.answer = async () => answers.shift() ?? { kind: 'delivered' };
  scene.add('a', 'b');
  await scene.clock.advanceAsync(10_000);
  expect(scene.sent).toEqual(['a', 'a', 'a', 'a', 'b']);
  expect(scene.results).toEqual(['delivered', 'delivered']);
  expect(scene.lines).toEqual([
    'a notice is sent again later {"receiver":"chat.example","why":"it answered 503"}',
    'the receiver of notices answers again {"receiver":"chat.example"}',
  ]);
});

it('the pause before the next try is the one that the receiver asks for', async () => {
  const scene = new Scene();
  const answers: Outcome[] = [{ ...later, afterMs: 100_000 }];
  scene.answer = async () => answers.shift() ?? { kind: 'delivered' };
  scene.add('a');
  await scene.clock.advanceAsync(99_999);
  expect(scene.sent).toHaveLength(1);
  await scene.clock.advanceAsync(1);
  expect(scene.results).toEqual(['delivered']);
});

it('a notice that the receiver refuses for good is not sent again, and the next one is sent', async () => {
  const scene = new Scene();
  const answers: Outcome[] = [{ kind: 'never', why: 'it answered 404' }];
  scene.answer = async () => answers.shift() ?? { kind: 'delivered' };
  scene.add('a', 'b');
  await scene.clock.advanceAsync(0);
  expect([scene.sent, scene.results]).toEqual([
    ['a', 'b'],
    ['refused', 'delivered'],
  ]);
});

it('a notice that nobody takes is given up after 15 minutes, and each after it is tried too', async () => {
  const scene = new Scene();
  scene.answer = async () => later;
  scene.add('a', 'b');
  await scene.clock.advanceAsync(2 * MAX_AGE_MS);
  expect(scene.results).toEqual(['gaveUp', 'gaveUp']);
  // How often it is tried before its own 15 minutes are over depends on the random part of the pauses.
  expect(scene.sent).toContain('b');
});

it('the oldest notice that waits is dropped when too many wait, and the one under way stays', async () => {
  const scene = new Scene();
  let finish: (outcome: Outcome) => void = () => {};
  scene.answer = () => new Promise((resolve) => (finish = resolve));
  scene.add('first', 'second', ...Array.from({ length: MAX_WAITING }, (_, index) => `n${index}`));
  expect(scene.results).toEqual(['dropped', 'dropped']);
  scene.answer = async () => ({ kind: 'delivered' });
  finish({ kind: 'delivered' });
  await scene.clock.advanceAsync(0);
  expect(scene.sent.slice(0, 2)).toEqual(['first', 'n1']);
  expect(scene.results).toHaveLength(MAX_WAITING + 2);
});

it('an outbox that is stopped delivers what it can in that time, and drops the rest', async () => {
  const scene = new Scene();
  scene.answer = async () => later;
  scene.add('a', 'b', 'c');
  await scene.clock.advanceAsync(0);
  const stopped = scene.outbox.stop(2_000);
  await scene.clock.advanceAsync(2_000);
  await stopped;
  scene.add('d');
  expect(scene.results).toEqual(['dropped', 'dropped', 'dropped', 'dropped']);
  expect(scene.clock.nextTimer).toBeUndefined();
});

it('no line of the log has the path of a receiver', async () => {
  const scene = new Scene();
  const answers: Outcome[] = [later, { kind: 'never', why: 'it answered 410' }];
  scene.answer = async () => answers.shift() ?? later;
  scene.add('a', 'b');
  await scene.clock.advanceAsync(2 * MAX_AGE_MS);
  expect(scene.lines.length).toBeGreaterThan(2);
  expect(scene.lines.join('\n')).not.toContain('the-secret-token');
});
