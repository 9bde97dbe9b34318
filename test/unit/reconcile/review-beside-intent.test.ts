import { expect, it } from '@jest/globals';
import { setImmediate as turn } from 'node:timers/promises';
import { aPod } from '../../support/builders/builders.ts';
import { anApiError } from '../../support/fakes/fake-client.ts';
import {
  INJECT,
  READ_POD,
  type ReconcilerScene,
  reconcilerScenes,
  REVIEW,
  STATUS,
} from '../../support/world/reconciler-scene.ts';

// docs/adr/0066: the operator asks about the requester while it writes the intent.

const scenes = reconcilerScenes();

function aScene(): ReconcilerScene {
  const scene = scenes();
  scene.client.on(READ_POD, { items: [aPod()] });
  return scene;
}

/** The API server takes the intent, and answers when it is told to. @returns the reconcile, and what lets it go on */
function heldAtIntent(scene: ReconcilerScene): { running: Promise<unknown>; answer: () => void } {
  const held = Promise.withResolvers<void>();
  const replace = scene.client.replace.bind(scene.client);
  scene.client.replace = async <T>(path: string, body: unknown): Promise<T> => {
    const answer = await replace<T>(path, body);
    await held.promise;
    return answer;
  };
  return { running: scene.run(), answer: held.resolve };
}

const reviews = (scene: ReconcilerScene): number => scene.writes.filter((write) => write === REVIEW).length;

it('the operator asks about the requester before the intent is answered, and injects after both answers', async () => {
  const scene = aScene();
  const { running, answer } = heldAtIntent(scene);
  await turn();
  expect(scene.writes.slice(-2)).toEqual([STATUS, REVIEW]);
  answer();
  await running;
  expect(scene.writes.slice(-3)).toEqual([STATUS, REVIEW, INJECT]);
});

it('the operator asks again about the requester where the intent was answered late', async () => {
  const scene = aScene();
  const { running, answer } = heldAtIntent(scene);
  await turn();
  scene.client.on(REVIEW, { status: { allowed: false } });
  scene.clock.advance(1_001);
  answer();
  await running;
  expect([reviews(scene), scene.writes.includes(INJECT)]).toEqual([2, false]);
  expect(scene.session.status?.runs?.[0]).toMatchObject({ state: 'Starting' });
});

it('the operator injects nothing where the requester may not use the policy any more', async () => {
  const scene = aScene();
  scene.client.on(REVIEW, { status: { allowed: false } });
  await scene.run();
  expect([reviews(scene), scene.writes.includes(INJECT)]).toEqual([1, false]);
});

it('the operator asks again about the requester before it repeats an injection', async () => {
  const scene = aScene();
  scene.client.on(INJECT, anApiError(500, 'no'));
  await expect(scene.run()).rejects.toThrow('no');
  scene.client.on(REVIEW, { status: { allowed: false } });
  await scene.run();
  expect([reviews(scene), scene.writes.filter((write) => write === INJECT)]).toEqual([2, [INJECT]]);
});

it('a failed question about the requester fails the reconcile, and the next reconcile asks again', async () => {
  const scene = aScene();
  scene.client.on(REVIEW, anApiError(503, 'not now'));
  await expect(scene.run()).rejects.toThrow('not now');
  expect(scene.writes.includes(INJECT)).toBe(false);
  scene.client.on(REVIEW, { status: { allowed: true } });
  await scene.run();
  expect([reviews(scene), scene.writes.at(-1)]).toEqual([2, INJECT]);
});

// docs/adr/0070

it('the operator writes the intent again where the review of an injection took longer than 25 seconds', async () => {
  const scene = aScene();
  scene.client.on(INJECT, anApiError(500, 'no'));
  await expect(scene.run()).rejects.toThrow('no');
  let isSlow = true;
  scene.client.on(REVIEW, () => {
    if (isSlow) scene.clock.advance(26_000);
    isSlow = false;
    return { status: { allowed: true } };
  });
  const before = scene.writes.length;
  await expect(scene.run()).rejects.toThrow('no');
  expect(scene.writes.slice(before)).toEqual([REVIEW, STATUS, STATUS, REVIEW, INJECT]);
  expect(scene.session.status?.runs?.[0]?.renewedAt).toBe('2026-01-01T12:00:26Z');
});

it('the operator does not write the intent again for a requester who may not use the policy any more', async () => {
  const scene = aScene();
  scene.client.on(INJECT, anApiError(500, 'no'));
  await expect(scene.run()).rejects.toThrow('no');
  scene.client.on(REVIEW, { status: { allowed: false } });
  scene.client.on(READ_POD, { items: [aPod()] });
  scene.clock.advance(26_000);
  await scene.run();
  expect([scene.writes.at(-1), scene.session.status?.runs?.[0]?.renewedAt]).toEqual([REVIEW, undefined]);
  scene.clock.advance(10_000);
  await scene.run();
  expect(scene.session.status).toMatchObject({ phase: 'Failed', runs: [{ reason: 'RequesterNotAllowed' }] });
});

it('the operator injects without a renewal where each answer of the API server takes six seconds', async () => {
  const scene = aScene();
  for (const verb of ['create', 'patch', 'replace'] as const) {
    const send = scene.client[verb].bind(scene.client);
    scene.client[verb] = async <T>(path: string, body: unknown): Promise<T> => {
      const answer = await send<T>(path, body);
      scene.clock.advance(6_000);
      return answer;
    };
  }
  await scene.run();
  expect(scene.writes.filter((write) => [STATUS, INJECT].includes(write)).slice(0, 2)).toEqual([STATUS, INJECT]);
});

it('a run fails at its startTimeout where the custom resource does not keep the renewal of its intent', async () => {
  const scene = aScene();
  scene.client.on(INJECT, anApiError(500, 'no'));
  await expect(scene.run()).rejects.toThrow('no');
  scene.clock.advance(26_000);
  // Tells of the refusal.
  scene.client.on(REVIEW, anApiError(503, 'later'));
  await expect(scene.run()).rejects.toThrow('later');
  scene.client.on(REVIEW, { status: { allowed: true } });
  scene.client.on(STATUS, () => scene.session);
  await expect(scene.run()).rejects.toMatchObject({
    message: expect.stringMatching(/kept nothing of a new status/),
    withinMs: 94_999,
  });
});
