import { describe, expect, it } from '@jest/globals';
import type { DebugSession } from '../../../src/api/debugsession.ts';
import type { Pod } from '../../../src/api/pod.ts';
import { UID_VARIABLE } from '../../../src/session/container/container.ts';
import { aSession } from '../../support/builders/builders.ts';
import { anApiError } from '../../support/fakes/fake-client.ts';
import { settle } from '../../support/fakes/fake-clock.ts';
import { type ReconcilerScene, reconcilerScenes } from '../../support/world/reconciler-scene.ts';
import { World } from '../../support/world/world.ts';

// What a reconcile leaves behind when nothing is left to do: its watch, what it remembers, and when it comes back.

const scenes = reconcilerScenes();

/** A scene that goes on where a world stands. */
function goesOn({ session, pod }: World, spec: Partial<DebugSession['spec']> = {}): ReconcilerScene {
  if (pod === undefined) throw new Error('there is no pod');
  const asServed = (pod.spec.ephemeralContainers ?? []).map((one) => ({
    ...one,
    env: [{ name: UID_VARIABLE, value: one.sessionUID }],
  }));
  const served: Pod = { ...pod, spec: { ...pod.spec, ephemeralContainers: asServed } };
  const metadata = { ...session.metadata, resourceVersion: '100' };
  return scenes({ ...session, spec: { ...session.spec, ...spec }, metadata }, served);
}

describe('the last look of a reconcile', () => {
  it('a reconcile closes its watch where the last thing to see has passed while it looked', async () => {
    const world = new World();
    world.containerID = 'containerd://first';
    world.settle();
    world.starts();
    world.settle();
    world.ends({ containerID: 'containerd://first' });
    world.settle();
    // Until startBy the supervisor would let its command run again.
    const scene = goesOn(world);
    scene.clock.advance(129_000);
    await scene.run();
    expect(scene.pods.size).toBe(1);
    const look = scene.pods.look.bind(scene.pods);
    scene.pods.look = async (...about) => {
      scene.clock.advance(5_000);
      return look(...about);
    };
    await scene.run();
    expect(scene.pods.size).toBe(0);
  });

  it('a reconcile writes the finalizer before it looks for the pod of a workload', async () => {
    const workloadRef = { apiVersion: 'batch/v1', kind: 'Job', name: 'web' } as const;
    const scene = scenes(aSession({ target: { workloadRef } }));
    await scene.run();
    expect(scene.client.sent.slice(0, 2).map(({ verb }) => verb)).toEqual(['PATCH', 'GET']);
  });

  it('a session that looks for its workload now and then is given up in time', async () => {
    const target = { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'x' } } as const;
    const scene = scenes(aSession({ target, pendingTimeout: '1m' }));
    await scene.run();
    scene.clock.advance(58_000);
    expect(await scene.run()).toEqual({ requeueAfterMs: 2_999 });
    scene.clock.advance(2_999);
    await scene.run();
    expect(scene.session.status?.reason).toBe('PendingTimeout');
  });
});

describe('what an operator has said of an end', () => {
  const cancelled = (): World => {
    const world = World.running({ command: ['sleep', '1d'] });
    world.edit({ cancel: true });
    return world;
  };
  /** The container of the first attempt starts late, beside that of the second. */
  const beside = (): World => {
    const world = World.neverStarted({ command: ['sleep', '1d'] });
    world.pass(140_000);
    world.edit({ attempt: 2 });
    world.settle();
    world.starts();
    world.settle();
    world.container = world.session.status?.runs?.[0]?.debugContainerName;
    world.starts();
    return world;
  };

  it.each<[string, () => World]>([
    ['a container', cancelled],
    ['an earlier container beside a live one', beside],
  ])('the operator leaves the words of another operator about %s as they are', async (_what, make) => {
    const world = make();
    const scene = goesOn(world);
    scene.clock.advance(world.now - scene.clock.now());
    scene.streams.exec = () => Promise.reject(anApiError(403, 'may not exec'));
    const firstRun = (): NonNullable<NonNullable<DebugSession['status']>['runs']>[number] | undefined =>
      scene.session.status?.runs?.[0];
    await scene.run();
    await settle();
    expect(scene.woken).toHaveLength(1);
    await scene.run();
    expect(firstRun()?.stop?.unconfirmed?.reason).toBe('NoRoute');
    const unconfirmed = { reason: 'ProcessSurvived', message: '2 of its processes survived' };
    const [first, ...others] = scene.session.status?.runs ?? [];
    if (first?.stop === undefined) throw new Error('nothing ends the container');
    const runs = [{ ...first, stop: { ...first.stop, unconfirmed } }, ...others];
    scene.edit({}, { status: { ...scene.session.status, runs } });
    await scene.run();
    expect(firstRun()?.stop?.unconfirmed).toEqual(unconfirmed);
  });
});
