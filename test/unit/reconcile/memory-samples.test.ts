import { describe, expect, it } from '@jest/globals';
import type { DebugSession, RunState } from '../../../src/api/debugsession.ts';
import { MemorySamples } from '../../../src/reconcile/memory-samples.ts';
import type { PodUsage } from '../../../src/reconcile/pod-usage.ts';
import { aSession } from '../../support/builders/builders.ts';
import { FakeClock } from '../../support/fakes/fake-clock.ts';

const signal = new AbortController().signal;

function running(name: string, state: RunState = 'Running', attempt = 1): DebugSession {
  const run = { attempt, state, podName: `pod-of-${name}`, debugContainerName: `debug-${name}` };
  return aSession({}, { metadata: { name, uid: name }, status: { attempt, runs: [run] } });
}

/** Sessions and a metrics API whose samples are written down by hand. */
class Scene {
  readonly clock = new FakeClock();
  readonly asked: string[] = [];
  sessions: DebugSession[] = [running('a')];
  /** The memory of the container of a session by its name, at a time. */
  usage: Record<string, [at: string, bytes: number]> = {};
  /** Containers that a sample of their pod does not have yet. */
  readonly hidden = new Set<string>();
  onAsked: () => void = () => undefined;
  readonly samples = new MemorySamples({
    sessions: () => this.sessions,
    usages: {
      of: async (namespace, pod): Promise<PodUsage | undefined> => {
        this.asked.push(`${namespace}/${pod}`);
        this.onAsked();
        const name = pod.replace('pod-of-', '');
        const found = this.usage[name];
        if (found === undefined) return undefined;
        const [at, memory] = found;
        const containers = new Map([
          [`debug-${name}`, { memory, cpu: 0 }],
          ['app', { memory: 1e9, cpu: 0 }],
        ]);
        for (const container of this.hidden) containers.delete(container);
        return { at, containers };
      },
    },
    clock: this.clock,
  });

  async round(at: string, bytes: number): Promise<void> {
    this.usage['a'] = [at, bytes];
    await this.samples.round(signal);
  }

  peak(session = running('a')): object | undefined {
    return this.samples.peakOf(session);
  }
}

describe('samples of the memory of a session', () => {
  it('memory samples tell the highest of the own container, and how many there were', async () => {
    const scene = new Scene();
    expect(scene.peak()).toBeUndefined();
    await scene.round('1', 500);
    await scene.round('2', 900.4);
    await scene.round('3', 100);
    expect(scene.peak()).toEqual({ attempt: 1, bytes: 900, samples: 3 });
  });

  it('a sample counts once that the metrics API has not renewed', async () => {
    const scene = new Scene();
    await scene.round('1', 500);
    await scene.round('1', 500);
    expect(scene.peak()).toMatchObject({ samples: 1 });
  });

  it('memory samples keep what is known while the metrics API has none: a new debug container hides its pod for a while', async () => {
    const scene = new Scene();
    await scene.round('1', 500);
    scene.usage = {};
    await scene.samples.round(signal);
    expect(scene.peak()).toEqual({ attempt: 1, bytes: 500, samples: 1 });
  });

  it('a pod whose samples lack the debug container, which is new, gives no sample', async () => {
    const scene = new Scene();
    scene.sessions = [running('a'), running('b')];
    scene.usage = { a: ['1', 500], b: ['1', 700] };
    scene.hidden.add('debug-a');
    await scene.samples.round(signal);
    expect([scene.peak(), scene.peak(running('b'))]).toEqual([undefined, { attempt: 1, bytes: 700, samples: 1 }]);
    scene.hidden.clear();
    await scene.round('2', 600);
    expect(scene.peak()).toEqual({ attempt: 1, bytes: 600, samples: 1 });
  });

  it('the operator asks for no further sample once it is stopped in the middle of a round', async () => {
    const scene = new Scene();
    scene.sessions = [running('a'), running('b'), running('c')];
    const end = new AbortController();
    scene.onAsked = () => end.abort();
    await scene.samples.round(end.signal);
    expect(scene.asked).toEqual(['shop/pod-of-a']);
  });

  it('memory samples are of one attempt: the next begins anew', async () => {
    const scene = new Scene();
    await scene.round('1', 500);
    expect(scene.peak(running('a', 'Running', 2))).toBeUndefined();
  });

  it('the operator asks for samples once each 30 seconds, of sessions that run and no other, and not after the end', async () => {
    const scene = new Scene();
    scene.sessions = [running('a'), running('b', 'Starting'), running('c', 'Ended'), aSession(), running('d')];
    const end = new AbortController();
    const over = scene.samples.run(end.signal);
    await scene.clock.advanceAsync(29_999);
    expect(scene.asked).toEqual([]);
    await scene.clock.advanceAsync(1);
    expect(scene.asked).toEqual(['shop/pod-of-a', 'shop/pod-of-d']);
    await scene.clock.advanceAsync(30_000);
    expect(scene.asked).toHaveLength(4);
    end.abort();
    await over;
    await scene.clock.advanceAsync(60_000);
    expect([scene.asked.length, scene.clock.timers]).toEqual([4, 0]);
  });

  it('memory samples are forgotten with the run', async () => {
    const scene = new Scene();
    await scene.round('1', 500);
    scene.sessions = [];
    await scene.samples.round(signal);
    expect(scene.samples.size).toBe(0);
  });
});
