import { describe, expect, it } from '@jest/globals';
import { RunTimes } from '../../../src/reconcile/run-times.ts';
import { FakeClock } from '../../support/fakes/fake-clock.ts';
import { World } from '../../support/world/world.ts';

/**
 * A world whose steps are measured; its wall clock is off the full second, and its monotonic clock is moved by the
 * test.
 */
class Measured {
  readonly clock = new FakeClock();
  readonly world = new World();
  readonly injected: number[] = [];
  readonly started: number[] = [];
  /** How long each write takes, ms. */
  writeMs = 2;
  times = this.#process();

  constructor() {
    this.world.pass(950);
  }

  /** Another process takes over. */
  takeOver(): void {
    this.times = this.#process();
  }

  /** One pass; `fails`: its write gets no answer. */
  step({ fails = false } = {}): void {
    const { session } = this.world;
    const step = this.world.look();
    this.times.planned(session, step);
    this.clock.advance(this.writeMs);
    if (fails) return;
    this.world.apply(step);
    this.times.done(session, step);
  }

  /** Passes until the container is in the pod. */
  inject(): void {
    while (!this.world.effects.some((effect) => effect.startsWith('inject'))) this.step();
  }

  /** The kubelet starts the container, and this is seen. */
  start(afterMs: number): void {
    this.clock.advance(afterMs);
    this.world.starts();
  }

  #process(): RunTimes {
    const metrics = {
      injected: (seconds: number) => void this.injected.push(seconds),
      started: (seconds: number) => void this.started.push(seconds),
    };
    return new RunTimes(this.clock, metrics);
  }
}

describe('the times of a run', () => {
  it('the times of a run follow the monotonic clock, and not the wall clock', () => {
    const scene = new Measured();
    scene.inject();
    scene.start(5);
    scene.step();
    expect(scene.world.phase).toBe('Running');
    // The intent's write and the injection's, and nothing of what came before.
    expect([scene.injected, scene.started]).toEqual([[0.004], [0.005]]);
  });

  it('the times of a run are recorded once, however often the same status is written', () => {
    const scene = new Measured();
    scene.inject();
    scene.start(5);
    for (let pass = 0; pass < 4; pass += 1) scene.step();
    expect([scene.injected, scene.started]).toEqual([[0.004], [0.005]]);
  });

  it('the time to start ends with the first sight of the running container although its write is repeated', () => {
    const scene = new Measured();
    scene.inject();
    scene.start(5);
    scene.writeMs = 3_000;
    scene.step({ fails: true });
    scene.step();
    expect(scene.started).toEqual([0.005]);
  });

  it('the time to inject begins with the intent that was written, and not with a failed write', () => {
    const scene = new Measured();
    const isIntent = (): boolean => scene.world.look().effect.kind === 'writeStatus';
    while (!isIntent()) scene.step();
    scene.step({ fails: true });
    scene.clock.advance(60_000);
    scene.inject();
    expect(scene.injected).toEqual([0.004]);
  });

  it('the time to inject of an injection that was tried twice begins with its intent', () => {
    const scene = new Measured();
    while (scene.world.phase !== 'Starting') scene.step();
    scene.step({ fails: true });
    scene.clock.advance(1_000);
    scene.inject();
    expect(scene.injected).toEqual([1.006]);
  });

  it.each([
    ['before the injection', 0],
    ['before the start', 1],
  ])('a process that took over %s does not record times that it does not know', (_, injections) => {
    const scene = new Measured();
    while (scene.world.phase !== 'Starting') scene.step();
    if (injections > 0) scene.inject();
    scene.takeOver();
    scene.inject();
    scene.start(5);
    scene.step();
    expect(scene.world.phase).toBe('Running');
    expect([scene.injected.length, scene.started.length]).toEqual([injections, 0]);
  });

  it('a container that never ran has no time to start', () => {
    const scene = new Measured();
    scene.inject();
    scene.world.podGoes({ seen: true });
    scene.step();
    scene.step();
    expect(scene.started).toEqual([]);
  });
});
