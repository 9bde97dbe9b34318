import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { repositoryPath } from '../support/crd.ts';
import { loadOperatorImage } from '../support/operator-image.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { Stage } from '../support/stage.ts';

// The operator as it is installed: the image of the Dockerfile, `kubectl apply -k config/default`, and two replicas that elect a leader.

const NAMESPACE = 'debugsession-system';
const DEPLOYMENT = 'debugsession-controller-manager';
const PODS = `/api/v1/namespaces/${NAMESPACE}/pods`;
const LEASES = `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases`;
const IMAGE = 'localhost/debugsession-operator:e2e';
const target = { podName: 'web', containerName: 'app' };

/** An image cannot be loaded into a cluster of somebody else's. */
const onOwn = process.env['CLUSTER'] === 'current' ? describe.skip : describe;

onOwn('installed in the cluster', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await Stage.open('in-cluster', { operator: false });
    const node = stage.cluster.node;
    if (node === undefined) throw new Error('a cluster of our own has a node');
    await Promise.all([loadOperatorImage(node, IMAGE), stage.runningPod('web')]);
    await install();
  }, 120_000);

  afterAll(async () => {
    // In the foreground: the Deployment goes after its pods, which the next run must not find.
    await kubectl('delete', 'deployment', DEPLOYMENT, '--ignore-not-found', '--cascade=foreground', '--timeout=60s');
    // So that every run makes it anew, and needs the right to.
    await kubectl('delete', 'lease', 'debugsession.dev', '--ignore-not-found');
    await stage.close();
  }, 90_000);

  it('runs two replicas of the image, of which one leads, and serves a session to its end', async () => {
    const pods = await operatorPods();
    expect(pods).toHaveLength(2);
    const leader = await untilLeader((name) => pods.some(({ metadata }) => metadata.name === name));

    await stage.createSession('first', { target, command: ['sleep', '600'], ttl: '2s' });
    const expired = await untilSettled('first', 'Expired');
    expect(expired.status?.runs?.[0]).toMatchObject({ endedBy: 'Supervisor', state: 'Ended', podName: 'web' });
    expect(await tellers('first')).toEqual([leader]);
  });

  it('hands over when the leader is deleted: the other sees the session that runs to its end, and serves the next', async () => {
    const leader = await untilLeader((name) => name !== undefined);
    await stage.createSession('across', { target, command: ['sleep', '600'], ttl: '8s' });
    await stage.untilPhase('across', 'Running');

    const deleted = Date.now();
    await stage.client.delete(`${PODS}/${leader}`);
    const successor = await untilLeader((name) => name !== undefined && name !== leader);
    // The Lease is given back and not waited out: that would take its whole 15 s.
    expect(Date.now() - deleted).toBeLessThan(12_000);

    await stage.createSession('second', { target, command: ['true'] });
    await untilSettled('second', 'Completed');
    expect(await tellers('second')).toEqual([successor]);
    const across = await untilSettled('across', 'Expired');
    expect(across.status?.runs).toHaveLength(1);
    expect((await tellers('across')).sort()).toEqual([leader, successor].sort());
    const injected = (await stage.pod('web')).spec?.ephemeralContainers?.map((container) => container.name);
    const recorded = ['first', 'across', 'second'].map(
      async (name) => (await stage.session(name)).status?.debugContainerName,
    );
    expect(injected?.sort()).toEqual((await Promise.all(recorded)).sort());
  });

  it('has not been restarted, and has logged nothing but JSON and no error', async () => {
    for (const { metadata, status } of await operatorPods()) {
      expect(status?.containerStatuses?.map((container) => container.restartCount)).toEqual([0]);
      const log = await kubectl('logs', metadata.name);
      const lines = log
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { level: string; msg: string });
      expect(lines.map(({ msg }) => msg)).toContain('ready');
      expect(lines.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
    }
  });

  /** As docs/install.md has it, with an overlay that names the image and confines the operator to the namespace of this test. */
  async function install(): Promise<void> {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'debugsession-overlay-')));
    const [newName = '', newTag = ''] = IMAGE.split(/:(?=[^/]*$)/);
    const argument = {
      op: 'add',
      path: '/spec/template/spec/containers/0/args/-',
      value: `--namespaces=${stage.namespace}`,
    };
    const overlay = {
      apiVersion: 'kustomize.config.k8s.io/v1beta1',
      kind: 'Kustomization',
      // Kustomize takes a folder by a relative path only.
      resources: [relative(folder, repositoryPath('config/default'))],
      images: [{ name: 'debugsession-operator', newName, newTag }],
      patches: [{ target: { kind: 'Deployment', name: DEPLOYMENT }, patch: JSON.stringify([argument]) }],
    };
    try {
      // JSON is YAML.
      writeFileSync(join(folder, 'kustomization.yaml'), JSON.stringify(overlay));
      await kubectl('apply', '-k', folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
    await kubectl('rollout', 'status', `deployment/${DEPLOYMENT}`, '--timeout=50s');
  }

  async function kubectl(...args: string[]): Promise<string> {
    const outcome = await stage.cluster.kubectl(['--namespace', NAMESPACE, ...args], { timeoutMs: 70_000 });
    if (outcome.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${outcome.stderr.trim()}`);
    return outcome.stdout;
  }

  async function operatorPods(): Promise<RawPod[]> {
    const labelSelector = 'app.kubernetes.io/name=debugsession,app.kubernetes.io/component=manager';
    const { items } = await stage.client.list<{ items: RawPod[] }>(PODS, { labelSelector });
    return items.filter((pod) => pod.metadata.deletionTimestamp === undefined);
  }

  /** The name of the pod that holds the Lease, once it is as wanted. Its identity is the host name and something random. */
  async function untilLeader(wanted: (name: string | undefined) => boolean): Promise<string> {
    let name: string | undefined;
    await stage.until('the Lease is held as wanted', async () => {
      const fieldSelector = 'metadata.name=debugsession.dev';
      const { items } = await stage.client.list<{ items: Lease[] }>(LEASES, { fieldSelector });
      name = items[0]?.spec.holderIdentity?.split('_')[0] || undefined;
      return wanted(name);
    });
    return name ?? '';
  }

  /** In this phase and let go of: nothing more is to come. */
  function untilSettled(name: string, phase: string): ReturnType<Stage['untilSession']> {
    return stage.untilSession(name, (s) => s.status?.phase === phase && s.metadata.finalizers === undefined);
  }

  /** The pods that told the story of a session, once it is told to the end. */
  async function tellers(session: string): Promise<string[]> {
    let names: string[] = [];
    await stage.until(`the last event of ${session}`, async () => {
      const path = `/apis/events.k8s.io/v1/namespaces/${stage.namespace}/events`;
      const { items } = await stage.client.list<{ items: OperatorEvent[] }>(path);
      const story = items.filter(({ regarding }) => regarding.kind === 'DebugSession' && regarding.name === session);
      names = [...new Set(story.map(({ reportingInstance }) => reportingInstance))];
      return story.some(({ reason }) => reason === 'Ended');
    });
    return names;
  }
});

interface Lease {
  /** Empty once it has been given back. */
  spec: { holderIdentity?: string };
}

interface OperatorEvent {
  reason: string;
  reportingInstance: string;
  regarding: { kind: string; name: string };
}
