import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DebugSession } from '../../../src/api/debugsession.ts';
import type { Outcome } from '../../cluster/run-program.ts';
import { argocdHealth } from '../../support/documents/argocd-health.ts';
import { Follower, type Identity } from '../../support/cluster/follower.ts';
import { Guide } from '../../support/documents/guide.ts';
import { appPod, ephemeralNames, isReady } from '../../support/builders/pods.ts';
import { Stage } from '../../support/cluster/stage.ts';

// docs/guides/gitops.md: word by word, and then with its own manifest what its words do not show.

const guide = new Guide('gitops.md');
// A day that has not passed, whenever this test runs.
const LATER = [/2027-12-01/g, '2999-12-01'] as const;
const DANA = { flags: ['--as=dana', '--as-group=team-a'] };
let stage: Stage;
let reader: Follower;
/** The account that applies, with a token of its own. */
let gitops: Identity = {};

beforeAll(async () => {
  stage = await Stage.open('guide-gitops');
  await stage.createPod('web', appPod());
  await stage.untilPod('web', isReady);
  await removePolicy();
  reader = new Follower(stage, guide, { here: [[/\bshop\b/g, stage.namespace], LATER] });
  expect(await reader.follow('The platform team sets it up')).toBeGreaterThan(0);
  gitops = { kubeconfig: await stage.cluster.createServiceAccountKubeconfig(stage.namespace, 'gitops') };
});

afterAll(async () => {
  reader.close();
  await removePolicy();
  await stage.close();
});

async function removePolicy(): Promise<void> {
  expect(await stage.kubectl(['delete', '--ignore-not-found', 'debugpolicy/gitops'])).toMatchObject({ code: 0 });
}

describe('the commands of the guide', () => {
  it.each([
    ['A commit asks', () => gitops],
    ['An old commit', () => gitops],
    ['A commit lets people in', () => gitops],
    ['The team comes in', () => DANA],
  ])('the section "%s" of the guide works as it is typed', async (section, who) => {
    expect(await reader.follow(section, who())).toBeGreaterThan(0);
  });

  it('the commands of the guide are all tested, and the operator injected only its three containers', async () => {
    expect(reader.left()).toEqual([]);
    const { items } = await stage.client.list<{ items: DebugSession[] }>(
      `/apis/debugsession.dev/v1alpha1/namespaces/${stage.namespace}/debugsessions`,
    );
    const injected = items.flatMap(({ status }) => status?.runs ?? []).filter(({ injectedAt }) => injectedAt);
    expect(injected).toHaveLength(3);
    expect(ephemeralNames(await stage.pod('web'))).toHaveLength(3);
  });
});

describe('a controller that syncs', () => {
  /** The first manifest of the guide, under another name. */
  const committed = (name: string): string =>
    reader.here(JSON.stringify(guide.object('inc-4711'))).replace('"inc-4711"', `"${name}"`);

  function sync(manifest: string): Promise<Outcome> {
    const args = ['--namespace', stage.namespace, 'apply', '--server-side', '--field-manager=gitops', '-f', '-'];
    return stage.cluster.kubectl(args, { input: manifest, ...gitops });
  }

  /** Ended, and the finalizer off: the operator has nothing more to write. */
  function settled(name: string, attempt: number): Promise<DebugSession> {
    return stage.untilSession(
      name,
      ({ metadata, status }) =>
        status?.attempt === attempt && status.completedAt !== undefined && metadata.finalizers === undefined,
    );
  }

  it('a controller that syncs again changes nothing and sees a healthy session', async () => {
    const manifest = committed('again');
    expect(await sync(manifest)).toMatchObject({ code: 0 });
    const ended = await settled('again', 1);
    expect(argocdHealth(ended)).toMatchObject({ status: 'Healthy' });
    expect(await sync(manifest)).toMatchObject({ code: 0 });
    expect((await stage.session('again')).metadata.resourceVersion).toBe(ended.metadata.resourceVersion);
  });

  it('a controller that syncs sees a lapsed session as Degraded', async () => {
    await sync(committed('lapsed').replace('2999-12-01', '2026-01-01'));
    const lapsed = await stage.untilPhase('lapsed', 'Failed');
    expect(lapsed.status?.runs?.at(-1)?.reason).toBe('Lapsed');
    expect(argocdHealth(lapsed)).toMatchObject({ status: 'Degraded' });
  });

  it('an attempt that a sync raises while a run lives waits, and runs after it', async () => {
    const live = committed('live').replace(/"command":\[[^\]]*\]/, '"command":["sleep","600"]');
    await sync(live);
    const running = await stage.untilPhase('live', 'Running');
    expect(argocdHealth(running)).toMatchObject({ status: 'Healthy' });
    const next = committed('live').replace('"attempt":1', '"attempt":2').replace('"ttl":"5m"', '"ttl":"9m"');
    expect(await sync(next)).toMatchObject({ code: 0 });
    const waits = await stage.untilSession('live', ({ status }) =>
      (status?.conditions ?? []).some(({ type, reason }) => type === 'Reconciling' && reason === 'PreviousRunNotOver'),
    );
    expect(waits.status).toMatchObject({ phase: 'Running', attempt: 1, runs: running.status?.runs });
    const container = running.status?.debugContainerName ?? '';
    const inside = await stage.kubectl(['exec', 'web', `--container=${container}`, '--', 'killall', 'sleep']);
    expect(inside).toMatchObject({ code: 0 });
    const over = await settled('live', 2);
    expect(over.status?.runs?.map(({ attempt, exitCode }) => [attempt, exitCode])).toEqual([
      [1, 143],
      [2, 0],
    ]);
  });
});
