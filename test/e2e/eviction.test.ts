import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Condition, DebugSession, DebugSessionSpec } from '../../src/api/debugsession.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { confirmation, toldOf } from '../support/cluster/ending.ts';
import { appPod, isReady } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

// The pod goes where the spec says so, by policy/v1 and so with respect for its PodDisruptionBudget; and never else.

let stage: Stage;
/** Process 1 of a process namespace of its own, without a handler: no signal from inside reaches it. */
const immune: Partial<DebugSessionSpec> = { supervisor: 'None', command: ['sleep', '600'], ttl: '10m' };

beforeAll(async () => {
  stage = await Stage.open('eviction');
  await Promise.all(['stubborn', 'retired'].map(deploy));
  await Promise.all(['bare', 'kept', 'visited'].map((name) => stage.runningPod(name, appPod())));
});

afterAll(() => stage.close());

const budgets = (): string => `/apis/policy/v1/namespaces/${stage.namespace}/poddisruptionbudgets`;

/** A Deployment of one pod, behind a budget that lets no pod go. */
async function deploy(name: string): Promise<void> {
  const matchLabels = { app: name };
  await stage.client.create(budgets(), {
    metadata: { name },
    spec: { maxUnavailable: 0, selector: { matchLabels } },
  });
  await stage.client.create(`/apis/apps/v1/namespaces/${stage.namespace}/deployments`, {
    metadata: { name },
    spec: { selector: { matchLabels }, template: { metadata: { labels: matchLabels }, spec: appPod() } },
  });
}

/** The pods of a Deployment that are not going. */
async function podsOf(name: string): Promise<RawPod[]> {
  const { items } = await stage.client.list<{ items: RawPod[] }>(podsPath(stage.namespace), {
    labelSelector: `app=${name}`,
  });
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

async function onlyPodOf(name: string): Promise<RawPod> {
  await stage.until(`a pod of ${name} is ready`, async () => (await podsOf(name)).some(isReady));
  return (await podsOf(name))[0] as RawPod;
}

async function allow(budget: string): Promise<void> {
  await stage.client.patch(`${budgets()}/${budget}`, { spec: { maxUnavailable: 1 } }, { type: 'merge' });
}

function retirement({ status }: DebugSession): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === 'PodRetired');
}

async function untilGone({ metadata }: RawPod): Promise<void> {
  await stage.untilGone(podsPath(stage.namespace), metadata.name ?? '');
}

describe('ifUnstoppable: EvictPod', () => {
  it('the operator evicts a pod when its disruption budget allows it, and its controller makes another pod', async () => {
    const pod = await onlyPodOf('stubborn');
    const target = { podName: pod.metadata.name ?? '' };
    await stage.createSession('stubborn', { target, ...immune, ifUnstoppable: 'EvictPod' });
    await stage.untilPhase('stubborn', 'Running');
    await stage.changeSession('stubborn', { cancel: true });
    const blocked = await stage.untilSession('stubborn', (s) => confirmation(s)?.reason === 'EvictionBlocked');
    expect(blocked.status?.phase).toBe('Ending');
    expect(blocked.status?.runs).toMatchObject([{ stop: { cause: 'Cancelled', routes: ['Exec', 'Eviction'] } }]);
    expect(confirmation(blocked)?.message).toMatch(/survived every signal.*eviction: .*disruption budget/);
    expect(await stage.pod(target.podName)).toMatchObject({ metadata: { uid: pod.metadata.uid } });
    await allow('stubborn');
    const over = await stage.untilPhase('stubborn', 'Cancelled');
    expect(over.status?.runs).toMatchObject([{ endedBy: 'Eviction', reason: 'Cancelled' }]);
    expect(confirmation(over)).toMatchObject({ status: 'True', reason: 'Terminated' });
    await untilGone(pod);
    expect((await onlyPodOf('stubborn')).metadata.uid).not.toBe(pod.metadata.uid);
    const told = (await stage.events('DebugSession', 'stubborn')).filter(({ reason }) => reason === 'Evicting');
    expect(told).toMatchObject([
      { type: 'Normal', note: expect.stringMatching(/ReplicaSet stubborn-\w+ creates another/) },
    ]);
  });

  it('an event warns that the pod is lost when the operator evicts a pod without a controller', async () => {
    const pod = await stage.pod('bare');
    await stage.createSession('bare', { target: { podName: 'bare' }, ...immune, ifUnstoppable: 'EvictPod' });
    await stage.untilPhase('bare', 'Running');
    await stage.changeSession('bare', { cancel: true });
    const over = await stage.untilPhase('bare', 'Cancelled');
    expect(over.status?.runs).toMatchObject([{ endedBy: 'Eviction' }]);
    await untilGone(pod);
    const told = (await stage.events('DebugSession', 'bare')).filter(({ reason }) => reason === 'Evicting');
    expect(told).toMatchObject([{ type: 'Warning', note: expect.stringMatching(/no controller.* is lost/) }]);
  });

  it('a pod stays without ifUnstoppable: EvictPod, although its container runs on', async () => {
    await stage.createSession('kept', { target: { podName: 'kept' }, ...immune });
    await stage.untilPhase('kept', 'Running');
    await stage.changeSession('kept', { cancel: true });
    const stays = await stage.untilSession('kept', (s) => confirmation(s)?.reason === 'ProcessSurvived');
    expect(stays.status?.runs?.[0]?.stop?.routes).toEqual(['Exec']);
    expect((await stage.pod('kept')).metadata.deletionTimestamp).toBeUndefined();
    expect(await toldOf(stage, 'kept')).not.toContain('Evicting');
  });
});

describe('podAfterSession: Evict', () => {
  it('the operator evicts the pod of a session that is over when the disruption budget allows it', async () => {
    const pod = await onlyPodOf('retired');
    const target = { podName: pod.metadata.name ?? '' };
    await stage.createSession('retired', { target, command: ['true'], podAfterSession: 'Evict' });
    const blocked = await stage.untilSession('retired', (s) => retirement(s)?.reason === 'EvictionBlocked');
    expect(blocked.status?.phase).toBe('Completed');
    expect(confirmation(blocked)).toMatchObject({ status: 'True' });
    expect(retirement(blocked)).toMatchObject({ status: 'False', message: expect.stringMatching(/disruption budget/) });
    await allow('retired');
    const retired = await stage.untilSession('retired', (s) => retirement(s)?.status === 'True');
    expect(retired.status).toMatchObject({ phase: 'Completed', runs: [{ endedBy: 'Command', exitCode: 0 }] });
    await untilGone(pod);
    expect((await onlyPodOf('retired')).metadata.uid).not.toBe(pod.metadata.uid);
    await stage.untilSession('retired', (s) => s.metadata.finalizers === undefined);
    const told = (await stage.events('DebugSession', 'retired')).filter(({ reason }) => reason === 'Retiring');
    expect(told).toMatchObject([{ type: 'Normal' }]);
  });

  it('an event warns that a pod without a controller is lost, also when the eviction is requested after the end', async () => {
    const pod = await stage.pod('visited');
    await stage.createSession('visited', { target: { podName: 'visited' }, command: ['true'] });
    await stage.untilSession('visited', (s) => s.status?.phase === 'Completed' && s.metadata.finalizers === undefined);
    expect((await stage.pod('visited')).metadata.deletionTimestamp).toBeUndefined();
    await stage.changeSession('visited', { podAfterSession: 'Evict' });
    await stage.untilSession('visited', (s) => retirement(s)?.status === 'True');
    await untilGone(pod);
    const told = (await stage.events('DebugSession', 'visited')).filter(({ reason }) => reason === 'Retiring');
    expect(told).toMatchObject([{ type: 'Warning', note: expect.stringMatching(/no controller.* is lost/) }]);
  });

  it('the operator leaves a pod alone in which no container of the session ran', async () => {
    const target = { podName: 'kept', containerName: 'nobody' };
    await stage.createSession('refused', { target, command: ['true'], podAfterSession: 'Evict' });
    await stage.createSession('absent', {
      ...{ target: { podName: 'kept' }, image: 'localhost/nobody/has:this', command: ['true'], startTimeout: '1s' },
      podAfterSession: 'Evict',
    });
    const [refused, absent] = await Promise.all(['refused', 'absent'].map((name) => stage.untilPhase(name, 'Failed')));
    expect([refused, absent].map((session) => session && retirement(session))).toEqual([undefined, undefined]);
    expect((await stage.pod('kept')).metadata.deletionTimestamp).toBeUndefined();
  });

  it('the operator ends the container of a deleted session first, and then evicts its pod', async () => {
    const pod = await stage.runningPod('leaving', appPod());
    await stage.createSession('leaving', {
      ...{ target: { podName: 'leaving' }, command: ['sleep', '600'], ttl: '10m' },
      podAfterSession: 'Evict',
    });
    await stage.untilPhase('leaving', 'Running');
    await stage.deleteSession('leaving');
    await stage.untilSessionGone('leaving');
    await untilGone(pod);
  });
});
