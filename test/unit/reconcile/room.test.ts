import { describe, expect, it } from '@jest/globals';
import type { DebugPolicySpec } from '../../../src/api/debugpolicy.ts';
import type { PressureLook } from '../../../src/session/look/pressure.ts';
import { aPod, aSession } from '../../support/builders/builders.ts';
import { settle } from '../../support/fakes/fake-clock.ts';
import {
  FINALIZERS,
  INJECT,
  READ_POD,
  type ReconcilerScene,
  reconcilerScenes,
  REVIEW,
  STATUS,
} from '../../support/world/reconciler-scene.ts';

// When the reconciler looks at the room for a debug container. How it looks: pressure-lookup.test.ts.

const aScene = reconcilerScenes();

const FULL: PressureLook = { node: [{ type: 'MemoryPressure' }] };

/** A scene whose looks are answered by hand. */
function looking(policy: Partial<DebugPolicySpec> = {}): {
  scene: ReconcilerScene;
  looks: string[];
  answer: (look: PressureLook) => void;
} {
  const looks: string[] = [];
  const { promise, resolve } = Promise.withResolvers<PressureLook>();
  const look = ({ metadata }: { metadata: { name: string } }): Promise<PressureLook> => {
    looks.push(metadata.name);
    return promise;
  };
  return { scene: aScene(aSession(), aPod(), policy, { look }), looks, answer: resolve };
}

describe('the look at the room for a debug container', () => {
  it('the look at the room goes on while the operator writes the intent and reviews the requester', async () => {
    const { scene, looks, answer } = looking();
    const running = scene.run();
    await settle();
    expect([scene.writes, looks]).toEqual([[FINALIZERS, STATUS, REVIEW], ['web-1']]);
    answer(FULL);
    await running;
    expect([scene.writes, looks]).toEqual([[FINALIZERS, STATUS, REVIEW, INJECT], ['web-1']]);
    expect(scene.told).toEqual(['Injected', 'UnderPressure']);
  });

  it('the look at the room causes no event where there is room, or where nothing could be read', async () => {
    for (const look of [{ node: [] }, {}]) {
      const { scene, answer } = looking();
      answer(look);
      await scene.run();
      expect(scene.told).toEqual(['Injected']);
    }
  });

  it('the operator waits for the look before the intent under onPressure Refuse, and refuses at once', async () => {
    const { scene, looks, answer } = looking({ onPressure: 'Refuse' });
    const running = scene.run();
    await settle();
    expect([scene.writes, looks]).toEqual([[FINALIZERS], ['web-1']]);
    answer(FULL);
    await running;
    expect(scene.writes).toEqual([FINALIZERS, STATUS, FINALIZERS]);
    expect(scene.session.status).toMatchObject({ phase: 'Failed', reason: 'UnderPressure' });
  });

  it('a session under onPressure Refuse starts where nothing could be read', async () => {
    const { scene, answer } = looking({ onPressure: 'Refuse' });
    answer({});
    await scene.run();
    expect(scene.writes).toEqual([FINALIZERS, STATUS, REVIEW, INJECT]);
  });

  it('the operator does not look at the room for a session that waits for something else', async () => {
    const looks: string[] = [];
    const pod = aPod((one) => {
      delete one.spec.nodeName;
      one.status.conditions = [{ type: 'PodScheduled', status: 'False', message: 'no room' }];
    });
    const look = ({ metadata }: { metadata: { name: string } }): Promise<PressureLook> => {
      looks.push(metadata.name);
      return Promise.resolve({});
    };
    const scene = aScene(aSession(), pod, {}, { look });
    await scene.run();
    expect([scene.session.status?.phase, looks]).toEqual(['Pending', []]);
  });

  it('the operator does not look at the room without --check-pressure', async () => {
    const scene = aScene();
    await scene.run();
    expect(scene.client.sent.filter(({ verb }) => verb === 'GET')).toEqual([]);
    expect(scene.writes).not.toContain(READ_POD);
  });
});
