import { describe, expect, it } from '@jest/globals';
import { RunTimes } from '../../../src/reconcile/run-times.ts';
import { aPod, aSession } from '../../support/builders/builders.ts';
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

  /** One pass; `fails`: its write gets no answer, and `arrives`: the write was carried out all the same. */
  step({ fails = false, arrives = !fails }: { fails?: boolean; arrives?: boolean } = {}): void {
    const { session } = this.world;
    const step = this.world.look();
    this.times.planned(session, step);
    this.clock.advance(this.writeMs);
    if (arrives) this.world.apply(step);
    if (!fails) this.times.done(session, step);
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

  it('a session that waits for its pod has no times, and they begin with the intent', () => {
    const scene = new Measured();
    scene.world.podGoes({ seen: false });
    for (let pass = 0; pass < 4; pass += 1) scene.step();
    expect([scene.world.phase, scene.injected]).toEqual(['Pending', []]);
    scene.clock.advance(60_000);
    scene.world.pod = aPod();
    scene.inject();
    expect(scene.injected).toEqual([0.004]);
  });

  it('the time to start of a container that has waited for its image begins with its injection', () => {
    const scene = new Measured();
    scene.inject();
    scene.world.pass(6_000);
    scene.world.waits('ErrImagePull', 'no such image');
    scene.step();
    expect(scene.world.condition('Injected')).toBe('True Injected');
    scene.start(5);
    scene.step();
    expect([scene.injected, scene.started]).toEqual([[0.004], [0.007]]);
  });

  it('each attempt of a session has times of its own', () => {
    const scene = new Measured();
    scene.inject();
    scene.start(5);
    scene.step();
    scene.world.ends();
    scene.world.settle();
    scene.world.edit({ attempt: 2 });
    scene.clock.advance(60_000);
    scene.world.effects.splice(0);
    scene.inject();
    scene.start(7);
    scene.step();
    expect([scene.injected, scene.started]).toEqual([
      [0.004, 0.004],
      [0.005, 0.007],
    ]);
  });

  it('the times of one session are not those of another that begins meanwhile', () => {
    const [scene, other] = [new Measured(), new Measured()];
    other.world.session = aSession({}, { metadata: { uid: 'another' } });
    other.times = scene.times;
    scene.inject();
    while (other.world.phase !== 'Starting') other.step();
    scene.start(5);
    scene.step();
    expect([scene.injected, scene.started]).toEqual([[0.004], [0.005]]);
  });

  it('the time to inject is recorded once where the injection has to be repeated', () => {
    const scene = new Measured();
    scene.inject();
    scene.world.changePod(({ spec }) => (spec.ephemeralContainers = []));
    scene.step();
    expect(scene.world.effects.slice(-2)).toEqual([
      expect.stringContaining('inject'),
      expect.stringContaining('inject'),
    ]);
    expect(scene.injected).toEqual([0.004]);
  });

  it('a container whose injection had no answer has no time to start', () => {
    const scene = new Measured();
    while (scene.world.phase !== 'Starting') scene.step();
    scene.step({ fails: true, arrives: true });
    scene.start(5);
    scene.step();
    expect([scene.world.phase, scene.injected, scene.started]).toEqual(['Running', [], []]);
  });

  it('a container that ended before its start was written has no time to start', () => {
    const scene = new Measured();
    scene.inject();
    scene.start(5);
    scene.step({ fails: true });
    scene.world.ends();
    scene.step();
    expect([scene.world.phase, scene.started]).toEqual(['Completed', []]);
  });

  it('the time to start ends with the sight of the container, and not with an end that was not written', () => {
    const scene = new Measured();
    scene.inject();
    scene.world.pass(125_000);
    scene.world.waits('ErrImagePull', 'no such image');
    scene.step({ fails: true });
    scene.start(5);
    scene.step();
    expect([scene.world.phase, scene.started]).toEqual(['Running', [0.007]]);
  });
});
