import { describe, expect, it } from '@jest/globals';
import type { DebugPolicySpec } from '../../../src/api/debugpolicy.ts';
import type { DebugSessionSpec } from '../../../src/api/debugsession.ts';
import { FINALIZER } from '../../../src/api/debugsession.ts';
import { aPod, aSession } from '../../support/builders/builders.ts';
import { anApiError } from '../../support/fakes/fake-client.ts';
import { INJECT, KEY, type ReconcilerScene, reconcilerScenes, STATUS } from '../../support/world/reconciler-scene.ts';

// Sessions that want one place, or to wait in one line, at the same time. Who goes first: session/start/limits.test.ts.

const scenes = reconcilerScenes();
const SECOND = 'shop/second';
const THIRD = 'shop/third';

/** `inspect-web` and other sessions of one person, of which none was looked at. */
function aCrowd(limits: DebugPolicySpec['limits'], specs: Partial<DebugSessionSpec>[]): ReconcilerScene {
  const [first = {}, ...others] = specs;
  const scene = scenes(aSession(first), aPod(), { ...(limits && { limits }) });
  for (const [index, spec] of others.entries()) {
    const name = ['second', 'third'][index] ?? '';
    scene.serve(aSession(spec, { metadata: { name, uid: `uid-of-${name}` } }));
  }
  return scene;
}

function run(scene: ReconcilerScene, ...keys: string[]): Promise<unknown> {
  const { signal } = new AbortController();
  return Promise.all(keys.map((key) => scene.reconciler.reconcile(key, signal)));
}

/** The container of the first session has ended, and the watch of sessions shows it. */
function ends(scene: ReconcilerScene): void {
  const { session } = scene;
  const [live] = session.status?.runs ?? [];
  if (live === undefined) throw new Error('there is no run');
  const over = { state: 'Ended', reason: 'Exited', endedBy: 'Command', exitCode: 0 } as const;
  scene.edit({}, { status: { ...session.status, phase: 'Completed', runs: [{ ...live, ...over }] } });
}

const phases = (scene: ReconcilerScene, ...keys: string[]): unknown[] =>
  keys.map((key) => scene.store.get(key)?.status?.phase);

describe('sessions that come at the same time', () => {
  it('a session waits while another takes the only place in the pod', async () => {
    const scene = aCrowd({ perPod: 1 }, [{}, {}]);
    await run(scene, KEY, SECOND);
    expect(phases(scene, KEY, SECOND)).toEqual(['Starting', 'Pending']);
    expect(scene.writes.filter((write) => write === INJECT)).toHaveLength(1);
  });

  it('a session is refused where another of the same person begins to wait as the only one that may', async () => {
    const target = { podName: 'other' };
    const scene = aCrowd({ waitingPerUser: 1 }, [{ target }, { target }]);
    await run(scene, KEY, SECOND);
    expect(phases(scene, KEY, SECOND)).toEqual(['Pending', 'Failed']);
    expect(scene.store.get(SECOND)?.status?.reason).toBe('TooManyWaiting');
  });

  it('a session that starts at once is not one of those that wait', async () => {
    const scene = aCrowd({ waitingPerUser: 1 }, [{}, { target: { podName: 'other' } }]);
    await run(scene, KEY, SECOND);
    expect(phases(scene, KEY, SECOND)).toEqual(['Starting', 'Pending']);
  });

  it('a session whose pod goes by its workload keeps its turn in that pod', async () => {
    const workloadRef = { apiVersion: 'batch/v1', kind: 'Job', name: 'web' } as const;
    const scene = aCrowd({ perPod: 1 }, [{}, { target: { workloadRef } }, {}]);
    scene.client.on('GET /apis/batch/v1/namespaces/shop/jobs/web', {
      metadata: { name: 'web', uid: 'job' },
      spec: { selector: { matchLabels: { app: 'web' } } },
    });
    const ownerReferences = [{ kind: 'Job', name: 'web', uid: 'job', controller: true }];
    const pod = aPod(({ metadata }) => Object.assign(metadata, { ownerReferences }));
    scene.client.on('GET /api/v1/namespaces/shop/pods', { items: [pod] });
    await run(scene, KEY);
    await run(scene, SECOND);
    expect(phases(scene, KEY, SECOND)).toEqual(['Starting', 'Pending']);
    ends(scene);
    await run(scene, THIRD);
    expect(phases(scene, THIRD)).toEqual(['Pending']);
    await run(scene, SECOND);
    expect(phases(scene, SECOND)).toEqual(['Starting']);
  });

  it('a session that is deleted before its intent was written gives its place to another', async () => {
    const scene = aCrowd({ perPod: 1 }, [{}, {}]);
    scene.client.on(STATUS, anApiError(503, 'no answer'));
    await expect(scene.run()).rejects.toThrow('no answer');
    await run(scene, SECOND);
    expect(phases(scene, SECOND)).toEqual(['Pending']);
    scene.edit({ deletionTimestamp: '2026-01-01T12:00:01Z', finalizers: ['others/one', FINALIZER] });
    await scene.run();
    expect(scene.session.metadata.finalizers).toEqual(['others/one']);
    await run(scene, SECOND);
    expect(phases(scene, SECOND)).toEqual(['Starting']);
  });
});
