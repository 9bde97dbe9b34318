import { describe, expect, it } from '@jest/globals';
import type { WorkloadRef } from '../../../../src/api/debugsession.ts';
import { plan } from '../../../../src/session/plan/plan.ts';
import { aSession, NOON } from '../../../support/builders/builders.ts';
import { OPEN_RULES } from '../../../support/builders/open-policy.ts';
import { World } from '../../../support/world/world.ts';

/** What `kubectl get` shows of a session: POD, PHASE, REASON. */
function columnsOf({ session: { status } }: World): (string | undefined)[] {
  return [status?.target, status?.phase, status?.reason];
}

describe('the columns of kubectl get', () => {
  it('the columns name the pod that a session waits for, and the reason of the wait', () => {
    const world = new World();
    world.podGoes({ seen: false });
    world.settle();
    expect(columnsOf(world)).toEqual(['web-1', 'Pending', 'PodNotFound']);
  });

  it('the columns name the workload until a pod of it is chosen', () => {
    const workloadRef: WorkloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
    const { effect } = plan({
      session: aSession({ target: { workloadRef } }),
      sighting: { kind: 'unresolved', reason: 'NoReadyPod', message: 'no pod is ready' },
      now: NOON,
      authority: { kind: 'waived' },
      rules: OPEN_RULES,
    });
    expect(effect).toMatchObject({ status: { target: 'Deployment/web', phase: 'Pending', reason: 'NoReadyPod' } });
  });

  it('the columns name the chosen pod, and no reason while the session runs', () => {
    expect(columnsOf(World.running())).toEqual(['web-1', 'Running', undefined]);
  });

  it('the columns say why a session has not started yet and why it failed', () => {
    const world = new World();
    world.settle();
    expect(columnsOf(world)).toEqual(['web-1', 'Starting', undefined]);
    world.waits('ErrImagePull', 'no such image');
    world.pass(6_000);
    world.settle();
    expect(columnsOf(world)).toEqual(['web-1', 'Starting', 'ImagePullFailed']);
    expect(columnsOf(World.neverStarted())).toEqual(['web-1', 'Failed', 'ImagePullFailed']);
  });

  it('the columns say how a session ended', () => {
    const world = World.running();
    world.edit({ cancel: true });
    world.settle();
    expect(columnsOf(world)).toEqual(['web-1', 'Ending', 'Stopping']);
    world.ends({ exitCode: 129, reason: 'Error', message: 'Stopped' });
    world.settle();
    expect(columnsOf(world)).toEqual(['web-1', 'Cancelled', 'Cancelled']);
  });
});
