import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { busyboxImage, distrolessImage } from '../cluster/image-names.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { ephemeralNames, shellPod } from '../support/builders/pods.ts';
import { tellToEnd, UNTIL_TOLD } from '../support/cluster/until-told.ts';
import { Stage } from '../support/cluster/stage.ts';

// Pods in which nothing can start yet, targets that never come back, and pods that are stuck before their application
// runs.

let stage: Stage;
/** Of the whole cluster, so with a name of this run's own. */
let brokenRuntime: string;
const RUNTIME_CLASSES = '/apis/node.k8s.io/v1/runtimeclasses';

beforeAll(async () => {
  stage = await Stage.open('unfit-pods');
  brokenRuntime = `broken-${stage.namespace}`;
  await stage.client.create(RUNTIME_CLASSES, { metadata: { name: brokenRuntime }, handler: 'no-such-handler' });
});

afterAll(async () => {
  await stage.client.delete(`${RUNTIME_CLASSES}/${brokenRuntime}`);
  await stage.close();
});

/** Of busybox. */
const container = (name: string, script: string, more: object = {}): object => ({
  ...{ name, image: busyboxImage, imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', script] },
  ...more,
});

const RESTS = 'trap exit TERM; while :; do sleep .2; done';

const pod = (more: object): object => ({ terminationGracePeriodSeconds: 1, ...more });

function words({ status }: DebugSession): string {
  return status?.conditions?.find(({ type }) => type === 'Injected')?.message ?? '';
}

const waitsFor =
  (reason: string) =>
  ({ status }: DebugSession): boolean =>
    status?.phase === 'Pending' && status.reason === reason;

describe('a pod before its setup', () => {
  const NOT_READY = 'PodNotReadyToStartContainers';

  it('a session waits for a pod that lacks a volume, and the operator injects no container before the pod is set up', async () => {
    const volumes = [{ name: 'settings', configMap: { name: 'late' } }];
    const app = { ...container('app', RESTS), volumeMounts: [{ name: 'settings', mountPath: '/settings' }] };
    // Both at once, as from Git.
    const target = { podName: 'mountless' };
    await Promise.all([
      stage.createPod('mountless', pod({ containers: [app], volumes })),
      stage.createSession('mountless', { target, command: ['cat', '/proc/1/comm'] }),
    ]);
    const told = ({ status }: DebugSession): boolean => status?.reason === NOT_READY;
    const isSeen = ({ status }: RawPod): boolean =>
      status?.conditions?.some(({ type, status: is }) => type === 'PodReadyToStartContainers' && is === 'False') ===
      true;
    await stage.untilPod('mountless', isSeen);
    const waiting = await stage.untilSession('mountless', told);
    expect(waiting.status?.phase).toBe('Pending');
    expect(words(waiting)).toMatch(/^Pod mountless is not ready to start containers/);
    expect(ephemeralNames(await stage.pod('mountless'))).toEqual([]);
    const configMaps = `/api/v1/namespaces/${stage.namespace}/configmaps`;
    await stage.client.create(configMaps, { metadata: { name: 'late' }, data: { a: 'b' } });
    // The kubelet tries a volume again after up to two minutes.
    await stage.untilPhase('mountless', 'Completed');
  });

  it('a session waits for a pod that lacks a sandbox, in the words of the kubelet', async () => {
    await stage.createPod('boxless', pod({ runtimeClassName: brokenRuntime, containers: [container('app', RESTS)] }));
    await stage.untilPod('boxless', ({ status }) => status?.containerStatuses !== undefined);
    await stage.createSession('boxless', { target: { podName: 'boxless' }, command: ['true'], pendingTimeout: '3s' });
    const waiting = await stage.untilSession('boxless', waitsFor(NOT_READY));
    // Since Kubernetes 1.37 the kubelet says it of the pod itself.
    expect(words(waiting)).toMatch(
      /\((container app waits: ContainerCreating|no pod sandbox exists)\); kubectl describe pod boxless shows why/,
    );
    const over = await stage.untilPhase('boxless', 'Failed');
    expect(over.status?.reason).toBe('PendingTimeout');
    expect(ephemeralNames(await stage.pod('boxless'))).toEqual([]);
  });
});

describe('a pod with an init container', () => {
  it('a session runs beside an init container, and another session joins the init container', async () => {
    const spec = { initContainers: [container('setup', 'until [ -e /tmp/go ]; do sleep .2; done')] };
    await stage.createPod('setting-up', pod({ ...spec, containers: [container('app', RESTS)] }));
    await stage.untilPod(
      'setting-up',
      ({ status }) => status?.initContainerStatuses?.[0]?.state?.running !== undefined,
    );
    const target = { podName: 'setting-up', containerName: 'setup' };
    await stage.createSession('setting-up', { target, command: ['touch', '/proc/1/root/tmp/go'] });
    const over = await stage.untilPhase('setting-up', 'Completed');
    expect(over.status?.runs?.[0]?.before).toMatchObject({ containerName: 'setup', state: 'running' });
    await stage.untilPod('setting-up', ({ status }) => status?.phase === 'Running');
  });

  it('the record names the init container that crashes, and not the application that waits', async () => {
    const spec = { initContainers: [container('setup', 'exit 7')] };
    await stage.createPod('stuck', pod({ ...spec, containers: [container('app', RESTS)] }));
    await stage.untilPod('stuck', ({ status }) => (status?.initContainerStatuses?.[0]?.restartCount ?? 0) > 0);
    await stage.createSession('stuck', { target: { podName: 'stuck' }, command: ['true'] });
    const { status } = await stage.untilPhase('stuck', 'Completed');
    expect(status?.runs?.[0]?.before).toMatchObject({ phase: 'Pending', ready: false, containerName: 'setup' });
    expect(status?.runs?.[0]?.before?.restartCount).toBeGreaterThan(0);
    const { exitCode, lastTermination } = status?.runs?.[0]?.before ?? {};
    expect(exitCode ?? lastTermination?.exitCode).toBe(7);
  });

  it('the record names the native sidecar that crashes', async () => {
    const spec = { initContainers: [container('mesh', 'exit 5', { restartPolicy: 'Always' })] };
    await stage.createPod('beside', pod({ ...spec, containers: [container('app', RESTS)] }));
    await stage.untilPod('beside', ({ status }) => (status?.initContainerStatuses?.[0]?.restartCount ?? 0) > 0);
    await stage.createSession('beside', { target: { podName: 'beside' }, command: ['true'] });
    const { status } = await stage.untilPhase('beside', 'Completed');
    const { containerName, exitCode, lastTermination } = status?.runs?.[0]?.before ?? {};
    expect([containerName, exitCode ?? lastTermination?.exitCode]).toEqual(['mesh', 5]);
  });
});

describe('a target that has ended for good', () => {
  const refused = async (name: string, podName: string, containerName: string): Promise<string> => {
    await stage.createSession(name, { target: { podName, containerName }, command: ['true'] });
    const { status } = await stage.untilPhase(name, 'Failed');
    expect([status?.reason, status?.waitingSince]).toEqual(['TargetContainerFinished', undefined]);
    return words(await stage.session(name));
  };

  it("the operator refuses at once a target that ended for good by its pod's restart policy or as an init container", async () => {
    const spec = { restartPolicy: 'Never', initContainers: [container('setup', 'true')] };
    await stage.createPod('half', pod({ ...spec, containers: [container('loader', 'true'), container('app', RESTS)] }));
    await stage.untilPod('half', ({ status }) =>
      [...(status?.containerStatuses ?? [])].some(({ name, state }) => name === 'loader' && state?.terminated),
    );
    expect(await refused('of-loader', 'half', 'loader')).toMatch(
      /^Container loader of pod half has ended for good \(terminated: Completed 0\).*leave target\.containerName out/,
    );
    expect(await refused('of-setup', 'half', 'setup')).toMatch(/^Container setup of pod half has ended for good/);
    await stage.createSession('of-app', { target: { podName: 'half', containerName: 'app' }, command: ['true'] });
    await stage.untilPhase('of-app', 'Completed');
  });

  it('the operator refuses a target that its own restart policy leaves ended, and waits if a rule restarts the target', async () => {
    // What cannot even start is at no moment running: its end has the code 128.
    const again = [{ action: 'Restart', exitCodes: { operator: 'In', values: [128] } }];
    const failing = { command: ['/no/such/program'], restartPolicy: 'Never' };
    const containers = [
      container('once', 'true', { restartPolicy: 'Never' }),
      container('retried', '', { ...failing, restartPolicyRules: again }),
      container('app', RESTS),
    ];
    await stage.createPod('ruled', pod({ containers }));
    await stage.untilPod('ruled', ({ status }) =>
      ['once', 'retried'].every((name) =>
        status?.containerStatuses?.some(
          (own) => own.name === name && (own.state?.terminated ?? own.lastState?.terminated) !== undefined,
        ),
      ),
    );
    await refused('of-once', 'ruled', 'once');
    const target = { podName: 'ruled', containerName: 'retried' };
    await stage.createSession('of-retried', { target, command: ['true'], pendingTimeout: '2s' });
    const { status } = await stage.untilPhase('of-retried', 'Failed');
    expect(status?.reason).toBe('PendingTimeout');
  });
});

describe('a pod whose name was generated', () => {
  it('a session does not wait for a terminating pod with a generated name, and its status advises the workload', async () => {
    const labels = { app: 'web' };
    const drains = shellPod(`trap : TERM; ${UNTIL_TOLD}`, {
      terminationGracePeriodSeconds: 60,
    });
    const spec = { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: drains } };
    const path = `/apis/apps/v1/namespaces/${stage.namespace}/deployments`;
    await stage.client.create(path, { metadata: { name: 'web' }, spec });
    await stage.until('there is a pod of it', async () => (await podsOf('app=web')).length === 1);
    const name = (await podsOf('app=web'))[0]?.metadata.name ?? '';
    await stage.untilPod(name, ({ status }) => status?.phase === 'Running');
    await stage.deletePod(name);
    await stage.createSession('going', { target: { podName: name }, command: ['true'] });
    const { status } = await stage.untilPhase('going', 'Failed');
    expect([status?.reason, status?.waitingSince]).toEqual(['PodTerminating', undefined]);
    expect(words(await stage.session('going'))).toMatch(
      /ReplicaSet web-\S+ generated its name, so no pod of that name comes back: name its workload in target\.workloadRef/,
    );
    await tellToEnd(stage, name);
  });

  async function podsOf(labelSelector: string): Promise<RawPod[]> {
    return (await stage.client.list<{ items: RawPod[] }>(podsPath(stage.namespace), { labelSelector })).items;
  }
});

describe('the warning that a debug container delays the end of its pod', () => {
  const told = async (name: string, restartPolicy: string, own: string): Promise<boolean> => {
    const app = { name: 'app', image: distrolessImage, imagePullPolicy: 'IfNotPresent', restartPolicy: own };
    await stage.runningPod(name, { restartPolicy, containers: [app] });
    await stage.createSession(name, { target: { podName: name }, command: ['true'] });
    await stage.untilPhase(name, 'Completed');
    return (await stage.events('DebugSession', name)).some(({ reason }) => reason === 'DelaysCompletion');
  };

  it('the warning about the end of the pod depends on the restart policies that its containers have of their own', async () => {
    expect(await Promise.all([told('ends', 'Always', 'Never'), told('stays', 'Never', 'Always')])).toEqual([
      true,
      false,
    ]);
  });
});
