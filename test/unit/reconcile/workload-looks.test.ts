import { describe, expect, it } from '@jest/globals';
import { getEventListeners } from 'node:events';
import type { WorkloadRef } from '../../../src/api/debugsession.ts';
import { WorkloadLooks } from '../../../src/reconcile/workload-looks.ts';
import type { Sighting } from '../../../src/session/look/sighting.ts';
import { aPod } from '../../support/builders/builders.ts';
import { FakeClock, settle } from '../../support/fakes/fake-clock.ts';

const WEB: WorkloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const NONE: Sighting = { kind: 'unresolved', reason: 'NoReadyPod', message: 'none is ready' };
const FOUND: Sighting = { kind: 'present', pod: aPod() };
const never = new AbortController().signal;

/** Workloads whose looks are counted, and what they are answered. */
class Scene {
  readonly clock = new FakeClock();
  readonly asked: string[] = [];
  readonly signals: AbortSignal[] = [];
  answer: () => Sighting | Promise<Sighting> = () => NONE;
  readonly looks = new WorkloadLooks(
    async (namespace, ref, signal) => {
      this.asked.push(`${namespace}/${ref.kind}/${ref.name}`);
      this.signals.push(signal);
      return this.answer();
    },
    { clock: this.clock, longestMs: 60_000 },
  );

  look(oldestMs = 3_000, signal = never, ref = WEB, namespace = 'shop'): Promise<Sighting> {
    return this.looks.look(namespace, ref, { oldestMs, signal });
  }
}

describe('looks at a workload', () => {
  it('sessions that look at a workload at the same time share one look', async () => {
    const scene = new Scene();
    const { promise, resolve } = Promise.withResolvers<Sighting>();
    scene.answer = () => promise;
    const asking = Array.from({ length: 250 }, () => scene.look());
    resolve(FOUND);
    expect(new Set(await Promise.all(asking))).toEqual(new Set([FOUND]));
    expect(scene.asked).toEqual(['shop/Deployment/web']);
  });

  it('sessions with different workloads or namespaces do not share a look', async () => {
    const scene = new Scene();
    await Promise.all([
      scene.look(),
      scene.look(3_000, never, { ...WEB, kind: 'StatefulSet' }),
      scene.look(3_000, never, { ...WEB, name: 'db' }),
      scene.look(3_000, never, WEB, 'bank'),
    ]);
    expect(scene.asked).toHaveLength(4);
  });

  it('a look that finds no pod counts for as long as each session allows', async () => {
    const scene = new Scene();
    await scene.look();
    scene.clock.advance(2_999);
    expect(await scene.look(3_000)).toBe(NONE);
    expect(scene.asked).toHaveLength(1);
    scene.clock.advance(1);
    scene.answer = () => FOUND;
    expect(await scene.look(60_000)).toBe(NONE);
    expect(await scene.look(3_000)).toBe(FOUND);
    expect(await scene.look(60_000)).toBe(FOUND);
    expect(scene.asked).toHaveLength(2);
  });

  it('a look that finds a pod counts for one second', async () => {
    const scene = new Scene();
    scene.answer = () => FOUND;
    await scene.look();
    scene.clock.advance(999);
    await scene.look(60_000);
    expect(scene.asked).toHaveLength(1);
    scene.clock.advance(1);
    await scene.look(60_000);
    expect(scene.asked).toHaveLength(2);
  });

  it('the age of a look counts from its question, and not from its answer', async () => {
    const scene = new Scene();
    const { promise, resolve } = Promise.withResolvers<Sighting>();
    scene.answer = () => promise;
    const slow = scene.look();
    scene.clock.advance(3_000);
    resolve(NONE);
    await slow;
    await scene.look(3_000);
    expect(scene.asked).toHaveLength(2);
  });

  it('a failed look fails for all sessions that wait, and is not repeated for a second', async () => {
    const scene = new Scene();
    scene.answer = () => Promise.reject(new Error('no answer'));
    const asking = Array.from({ length: 250 }, () => scene.look());
    const outcomes = await Promise.allSettled(asking);
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(250);
    await expect(scene.look()).rejects.toThrow('no answer');
    expect(scene.asked).toHaveLength(1);
    scene.clock.advance(1_000);
    scene.answer = () => FOUND;
    expect(await scene.look()).toBe(FOUND);
  });

  it('a failed look is a failure of those who wait for it, and of nobody else', async () => {
    const unheard: unknown[] = [];
    const listen = (reason: unknown): void => void unheard.push(reason);
    process.on('unhandledRejection', listen);
    const scene = new Scene();
    scene.answer = () => Promise.reject(new Error('no answer'));
    await expect(scene.look()).rejects.toThrow('no answer');
    await settle();
    process.off('unhandledRejection', listen);
    expect(unheard).toEqual([]);
  });

  it('a look goes on when one session gives up, and ends when all sessions have given up', async () => {
    const scene = new Scene();
    const { promise, resolve } = Promise.withResolvers<Sighting>();
    scene.answer = () => promise;
    const [one, other] = [new AbortController(), new AbortController()];
    const [gaveUp, stayed] = [scene.look(3_000, one.signal), scene.look(3_000, other.signal)];
    one.abort(new Error('too long'));
    await expect(gaveUp).rejects.toThrow('too long');
    expect(scene.signals[0]?.aborted).toBe(false);
    other.abort(new Error('stop'));
    await expect(stayed).rejects.toThrow('stop');
    expect(scene.signals[0]?.aborted).toBe(true);
    const next = scene.look();
    resolve(FOUND);
    expect(await next).toBe(FOUND);
    expect(scene.asked).toHaveLength(2);
    await expect(scene.look(3_000, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  });

  it('the store forgets a look that no session could use any more', async () => {
    const scene = new Scene();
    for (let n = 0; n < 100; n += 1) await scene.look(3_000, never, { ...WEB, name: `web-${n}` });
    expect(scene.looks.size).toBe(100);
    scene.clock.advance(60_000);
    await scene.look();
    expect(scene.looks.size).toBe(1);
  });

  it('the store keeps a look that another session may use', async () => {
    const scene = new Scene();
    scene.clock.advance(40_000);
    await scene.look();
    await scene.look(3_000, never, { ...WEB, name: 'db' });
    expect(await scene.look(60_000)).toBe(NONE);
    expect(scene.asked).toEqual(['shop/Deployment/web', 'shop/Deployment/db']);
  });

  it('a look that is over leaves nothing behind at a session that looks often', async () => {
    const scene = new Scene();
    const { signal } = new AbortController();
    for (let n = 0; n < 3; n += 1) await scene.look(3_000, signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });
});
