import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Condition, DebugSession, DebugSessionSpec } from '../../src/api/debugsession.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import { appPod } from '../support/builders/pods.ts';
import { Policies } from '../support/builders/policies.ts';
import { confirmation } from '../support/cluster/ending.ts';
import { Stage } from '../support/cluster/stage.ts';

// What a policy demands is done, whatever the session says, and also when the policy is gone by then. Disruption
// budgets are respected as always.

let stage: Stage;
let policies: Policies;
const PODS = ['stubborn', 'visited', 'left', 'again'];

beforeAll(async () => {
  stage = await Stage.open('demands');
  policies = new Policies(stage);
  await Promise.all(PODS.map(protectedPod));
});

afterAll(async () => {
  await stage.close();
  await policies.close();
});

const budgets = (): string => `/apis/policy/v1/namespaces/${stage.namespace}/poddisruptionbudgets`;

/** A pod of that name, behind a budget that does not let it go. */
async function protectedPod(name: string): Promise<RawPod> {
  const matchLabels = { app: name };
  await stage.client.create(budgets(), { metadata: { name }, spec: { minAvailable: 1, selector: { matchLabels } } });
  await stage.createPod(name, appPod(), { labels: matchLabels });
  return stage.untilPod(name, (pod) => pod.status?.conditions?.some(isReadyCondition) === true);
}

function isReadyCondition({ type, status }: { type: string; status: string }): boolean {
  return type === 'Ready' && status === 'True';
}

function allow(budget: string): Promise<unknown> {
  return stage.client.patch(`${budgets()}/${budget}`, { spec: { minAvailable: 0 } }, { type: 'merge' });
}

function retirement({ status }: DebugSession): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === 'PodRetired');
}

const inPod = (podName: string, spec: Partial<DebugSessionSpec>): DebugSessionSpec =>
  ({ target: { podName }, ...spec }) as DebugSessionSpec;

describe('onUnstoppable: EvictPod', () => {
  it('the operator evicts the pod of a container that nothing ends, although its session says Report and the policy is gone', async () => {
    const policyName = await policies.create('unstoppable', { allow: ['SupervisorNone'], onUnstoppable: 'EvictPod' });
    const immune: Partial<DebugSessionSpec> = { supervisor: 'None', command: ['sleep', '600'], ttl: '10m' };
    await stage.createSession('stubborn', inPod('stubborn', { policyName, ...immune, ifUnstoppable: 'Report' }));
    const running = await stage.untilPhase('stubborn', 'Running');
    expect(running.status?.runs).toMatchObject([{ demanded: { onUnstoppable: 'EvictPod' } }]);
    await policies.delete(policyName);
    await stage.changeSession('stubborn', { cancel: true });
    const blocked = await stage.untilSession('stubborn', (s) => confirmation(s)?.reason === 'EvictionBlocked');
    expect(blocked.status?.runs).toMatchObject([{ stop: { routes: ['Exec', 'Eviction'] } }]);
    expect((await stage.pod('stubborn')).metadata.deletionTimestamp).toBeUndefined();
    await allow('stubborn');
    const over = await stage.untilPhase('stubborn', 'Cancelled');
    expect(over.status?.runs).toMatchObject([{ endedBy: 'Eviction' }]);
    await stage.untilGone(podsPath(stage.namespace), 'stubborn');
  });
});

describe('podAfterSession: Evict', () => {
  let policyName: string;
  beforeAll(async () => {
    policyName = await policies.create('visited', { podAfterSession: 'Evict' });
  });

  it('the operator evicts the pod after a session that says Keep when the policy says Evict', async () => {
    await stage.createSession('visited', inPod('visited', { policyName, command: ['true'], podAfterSession: 'Keep' }));
    const blocked = await stage.untilSession('visited', (s) => retirement(s)?.reason === 'EvictionBlocked');
    expect(blocked.status?.runs).toMatchObject([{ demanded: { podAfterSession: 'Evict' } }]);
    await allow('visited');
    const retired = await stage.untilSession('visited', (s) => retirement(s)?.status === 'True');
    expect(retired.status?.runs).toMatchObject([{ podRetired: true }]);
    await stage.untilGone(podsPath(stage.namespace), 'visited');
  });

  it('a deleted session stays until its pod has gone when the policy says Evict', async () => {
    await stage.createSession('left', inPod('left', { policyName, command: ['true'] }));
    await stage.untilSession('left', (s) => retirement(s)?.reason === 'EvictionBlocked');
    await stage.deleteSession('left');
    const released = Date.parse((await stage.session('left')).metadata.deletionTimestamp ?? '') + 30_000;
    await stage.until('the time has passed after which a deleted session is let go of', () =>
      Promise.resolve(Date.now() > released + 5_000),
    );
    expect(retirement(await stage.session('left'))?.reason).toBe('EvictionBlocked');
    await allow('left');
    await stage.untilSessionGone('left');
    await stage.untilGone(podsPath(stage.namespace), 'left');
  });

  it('a second attempt waits until the pod has gone when the policy says Evict', async () => {
    await stage.createSession('again', inPod('again', { policyName, command: ['true'] }));
    await stage.untilSession('again', (s) => retirement(s)?.reason === 'EvictionBlocked');
    const { metadata } = await stage.changeSession('again', { attempt: 2 });
    const held = await stage.untilSession('again', ({ status }) => status?.observedGeneration === metadata.generation);
    expect(held.status).toMatchObject({ phase: 'Completed', attempt: 1 });
    expect(retirement(held)?.reason).toBe('EvictionBlocked');
    expect((await stage.pod('again')).spec?.ephemeralContainers).toHaveLength(1);
    await allow('again');
    const waits = await stage.untilPhase('again', 'Pending');
    expect(waits.status?.runs).toMatchObject([{ attempt: 1, podRetired: true }]);
    await stage.untilGone(podsPath(stage.namespace), 'again');
  });
});
