import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { orderArguments, STOP_EXIT, type StopOrder } from '../../src/api/stop-order.ts';
import { ApiError } from '../../src/kube/api-error.ts';
import type { RestClient } from '../../src/kube/rest-client.ts';
import { podsPath } from '../../src/reconcile/session-api.ts';
import { stopPod, stopPodName } from '../../src/reconcile/stop-pod.ts';
import type { RawPod } from '../../src/reconcile/trim.ts';
import { busyboxImage } from '../cluster/image-names.ts';
import { appPod, containerID, shellPod } from '../support/builders/pods.ts';
import { clientAs } from '../support/cluster/client-as.ts';
import { DEPLOYMENT, OPERATOR_NAMESPACE } from '../support/cluster/installation.ts';
import { applyNodeStop, removeNodeStop, STOP_NAMESPACE } from '../support/cluster/node-stop.ts';
import { ensureOperatorImage } from '../support/cluster/operator-image.ts';
import { Stage } from '../support/cluster/stage.ts';

// What config/components/node-stop opens, in the hands of somebody who has stolen the operator's token: to end a
// container that is named like those of sessions, and nothing else. The account is impersonated, which is the same to
// the API server.

const OPERATOR = `system:serviceaccount:${OPERATOR_NAMESPACE}:${DEPLOYMENT}`;
const PATH = podsPath(STOP_NAMESPACE);
const OURS = 'debug-0123abcd-1';

let stage: Stage;
let thief: RestClient;
let image: string;
let order: StopOrder;

beforeAll(async () => {
  stage = await Stage.open('node-stop-attacks', { operator: false });
  const node = stage.cluster.node;
  if (node === undefined) throw new Error('an image cannot be loaded into a cluster of somebody else');
  [image] = await Promise.all([ensureOperatorImage(node), stage.runningPod('web', appPod())]);
  await applyNodeStop(stage.cluster, image);
  thief = clientAs(stage, OPERATOR);
  const container = { name: OURS, image: busyboxImage, imagePullPolicy: 'IfNotPresent', command: ['sleep', '3600'] };
  const path = `${podsPath(stage.namespace)}/web/ephemeralcontainers`;
  await stage.client.patch(path, { spec: { ephemeralContainers: [container] } }, { type: 'strategic' });
  const web = await stage.untilPod('web', (pod) => debugContainer(pod)?.state?.running !== undefined);
  order = {
    ...{ containerID: containerID(debugContainer(web)), containerName: OURS, podUID: web.metadata.uid },
    ...{ podNamespace: stage.namespace, podName: 'web', graceSeconds: '1' },
  };
  await stage.until('the policies are in force', async () => (await attempt({ spec: { hostPID: true } })) !== 'let in');
  await stage.until('their parameter is there', async () => (await attempt()) === 'let in');
});

afterAll(async () => {
  await removeNodeStop(stage.cluster);
  await thief.close();
  await stage.close();
});

type Container = NonNullable<NonNullable<RawPod['status']>['ephemeralContainerStatuses']>[number];

function debugContainer({ status }: RawPod): Container | undefined {
  return status?.ephemeralContainerStatuses?.find(({ name }) => name === OURS);
}

interface PodBody {
  metadata: { name: string; [field: string]: unknown };
  spec: { containers: [{ [field: string]: unknown }]; volumes: unknown[]; [field: string]: unknown };
}

/** A stop pod as the operator makes it, for the socket of this cluster. */
function body(different: Partial<StopOrder> = {}): PodBody {
  const { nodeName = '', runtimeSocket: socket = '' } = stage.cluster.node ?? {};
  const place = { namespace: STOP_NAMESPACE, nodeName, image, socket };
  return stopPod({ ...order, ...different }, place) as PodBody;
}

/** @returns the words of a refusal, or that it was let in; nothing is made */
async function attempt(
  { metadata = {}, spec = {}, container = {} }: { metadata?: object; spec?: object; container?: object } = {},
  from = body(),
): Promise<string> {
  const pod = {
    ...from,
    metadata: { ...from.metadata, ...metadata },
    spec: { ...from.spec, containers: [{ ...from.spec.containers[0], ...container }], ...spec },
  };
  return said(thief.create(`${PATH}?dryRun=All`, pod));
}

async function said(asked: Promise<unknown>): Promise<string> {
  try {
    await asked;
    return 'let in';
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error.message;
  }
}

const asIs = (): { [field: string]: unknown } => body().spec.containers[0];
const securityContext = (more: object): object => ({
  securityContext: { ...(asIs()['securityContext'] as object), ...more },
});
const path = (hostPath: object): object => ({ volumes: [{ name: 'runtime', hostPath }] });
const FIELDS = /no fields but those/;
const IMAGE = /runs the image of the operator and no other/;
const PROGRAM = /runs the program/;
const NAMES = /names one container of a session/;
const SOCKET = /only volume of a stop pod is the socket/;
const PRIVILEGE = /has no privilege but its user/;
const DEADLINE = /runs once, for 30 s at most/;
const ACCOUNT = /has the account debugsession-node-stop and no token/;

it('the policy admits the stop pod that the operator makes', async () => {
  expect(await attempt()).toBe('let in');
});

describe('stop pods of a stolen token', () => {
  it.each<[string, () => Parameters<typeof attempt>[0], RegExp]>([
    ['with another image', () => ({ container: { image: busyboxImage } }), IMAGE],
    ['with another tag of the image', () => ({ container: { image: `${image}-evil` } }), IMAGE],
    ['with a shell', () => ({ container: { command: ['sh', '-c', 'true'] } }), PROGRAM],
    ['with a script for Node', () => ({ container: { command: ['/nodejs/bin/node', '-e', ''] } }), PROGRAM],
    ['with the operator itself', () => ({ container: { command: undefined } }), PROGRAM],
    ['with another socket inside', () => ({ container: { args: ['--socket=/x', ...orderArguments(order)] } }), NAMES],
    [
      'with code in the environment',
      () => ({ container: { env: [{ name: 'NODE_OPTIONS', value: '--import=x' }] } }),
      FIELDS,
    ],
    ['with variables from elsewhere', () => ({ container: { envFrom: [{ secretRef: { name: 'x' } }] } }), FIELDS],
    [
      'with a probe that runs a command',
      () => ({ container: { livenessProbe: { exec: { command: ['x'] } } } }),
      FIELDS,
    ],
    ['with a hook', () => ({ container: { lifecycle: { preStop: { exec: { command: ['x'] } } } } }), FIELDS],
    ['with another folder', () => ({ container: { workingDir: '/proc/1/root' } }), FIELDS],
    ['with a terminal', () => ({ container: { stdin: true, tty: true } }), FIELDS],
    ['with a port of the node', () => ({ container: { ports: [{ containerPort: 80, hostPort: 80 }] } }), FIELDS],
    ['with the root of the node', () => ({ spec: path({ path: '/' }) }), SOCKET],
    ['with the folder of the socket', () => ({ spec: path({ path: '/run/containerd', type: 'Directory' }) }), SOCKET],
    ['with a socket of something else', () => ({ spec: path({ path: '/run/other.sock', type: 'Socket' }) }), SOCKET],
    ['with a socket that would be made', () => ({ spec: path({ path: '/run/x', type: 'DirectoryOrCreate' }) }), SOCKET],
    [
      'with a secret',
      () => ({ spec: { volumes: [...body().spec.volumes, { name: 's', secret: { secretName: 'x' } }] } }),
      SOCKET,
    ],
    [
      'with the socket elsewhere',
      () => ({ container: { volumeMounts: [{ name: 'runtime', mountPath: '/app' }] } }),
      /mounts the socket at/,
    ],
    ['in the process namespace of the node', () => ({ spec: { hostPID: true } }), FIELDS],
    ['in the network of the node', () => ({ spec: { hostNetwork: true } }), FIELDS],
    ['in the IPC namespace of the node', () => ({ spec: { hostIPC: true } }), FIELDS],
    [
      'with another container',
      () => ({ spec: { containers: [asIs(), { name: 'evil', image: busyboxImage }] } }),
      /has one container/,
    ],
    ['with an init container', () => ({ spec: { initContainers: [{ name: 'evil', image: busyboxImage }] } }), FIELDS],
    [
      'privileged',
      () => ({ container: securityContext({ privileged: true, allowPrivilegeEscalation: true }) }),
      PRIVILEGE,
    ],
    [
      'with a capability',
      () => ({ container: securityContext({ capabilities: { drop: ['ALL'], add: ['SYS_PTRACE'] } }) }),
      PRIVILEGE,
    ],
    [
      'with the capabilities of a container',
      () => ({ container: securityContext({ capabilities: undefined }) }),
      PRIVILEGE,
    ],
    ['without seccomp', () => ({ container: securityContext({ seccompProfile: { type: 'Unconfined' } }) }), PRIVILEGE],
    [
      'with another SELinux type',
      () => ({ container: securityContext({ seLinuxOptions: { type: 'spc_t' } }) }),
      PRIVILEGE,
    ],
    ['with another /proc', () => ({ container: securityContext({ procMount: 'Default' }) }), PRIVILEGE],
    ['without a security context', () => ({ container: { securityContext: undefined } }), PRIVILEGE],
    [
      'with kernel settings',
      () => ({ spec: { securityContext: { sysctls: [{ name: 'net.core.somaxconn', value: '1' }] } } }),
      PRIVILEGE,
    ],
    [
      'with a device',
      () => ({ container: { resources: { limits: { 'vendor.example/device': '1' } } } }),
      /asks for no devices/,
    ],
    [
      'with a device by annotation',
      () => ({ metadata: { annotations: { 'cdi.k8s.io/x': 'vendor.example/d=all' } } }),
      /has no annotations/,
    ],
    ['with a finalizer', () => ({ metadata: { finalizers: ['evil.example/stay'] } }), /no finalizers/],
    ['with another account', () => ({ spec: { serviceAccountName: 'default' } }), ACCOUNT],
    ['with a token', () => ({ spec: { automountServiceAccountToken: true } }), /no token|only volume/],
    ['without a deadline', () => ({ spec: { activeDeadlineSeconds: undefined } }), DEADLINE],
    ['with a long deadline', () => ({ spec: { activeDeadlineSeconds: 3600 } }), DEADLINE],
    ['that is started again and again', () => ({ spec: { restartPolicy: 'Always' } }), DEADLINE],
    ['anywhere', () => ({ spec: { nodeName: undefined } }), DEADLINE],
    ['that displaces others', () => ({ spec: { priorityClassName: 'system-node-critical' } }), DEADLINE],
    [
      'of another runtime handler',
      () => ({ spec: { runtimeClassName: 'x' } }),
      /no fields but those|RuntimeClass "x" not found/,
    ],
    ['under another name', () => ({ metadata: { name: 'another' } }), /is named after its container/],
  ])('the policy refuses a stop pod %s to a stolen token', async (_words, different, says) => {
    expect(await attempt(different())).toMatch(says);
  });

  it.each<[string, Partial<StopOrder>]>([
    ['the application', { containerName: 'app' }],
    ['a container that is named nearly like ours', { containerName: `${OURS}x` }],
    ['a container by the beginning of its ID', { containerID: 'abcdef' }],
    ['a container without a pod', { podUID: '' }],
    ['a grace that is no grace', { graceSeconds: '3600' as '1' }],
  ])('the policy refuses a stop pod for %s to a stolen token', async (_words, different) => {
    expect(await attempt({}, body(different))).toMatch(NAMES);
  });

  it('the API server refuses a stop pod in another namespace to a stolen token', async () => {
    const pod = body();
    expect(
      await said(thief.create(podsPath(stage.namespace), { ...pod, metadata: { name: pod.metadata.name } })),
    ).toContain(`User "${OPERATOR}" cannot create resource "pods"`);
  });

  it('the policy refuses a pod of any other user in the namespace of stop pods', async () => {
    const pod = body();
    const evil = { ...pod, spec: { ...pod.spec, hostPID: true } };
    expect(await said(stage.client.create(`${PATH}?dryRun=All`, evil))).toMatch(FIELDS);
    const plain = { metadata: { name: 'plain' }, spec: shellPod('true') };
    expect(await said(stage.client.create(`${PATH}?dryRun=All`, plain))).toMatch(/ValidatingAdmissionPolicy/);
  });
});

/** Carries an order out, as the operator would. @returns how the stop pod ended */
async function carriedOut(different: Partial<StopOrder>): Promise<{ exitCode?: number; message?: string }> {
  const pod = body(different);
  await thief.create(PATH, pod);
  const name = stopPodName({ ...order, ...different });
  try {
    const isOver = (found: RawPod): boolean => /Succeeded|Failed/.test(found.status?.phase ?? '');
    let seen: RawPod | undefined;
    await stage.until('the stop pod is over', async () => {
      seen = await stage.client.get<RawPod>(`${PATH}/${name}`);
      return isOver(seen);
    });
    return seen?.status?.containerStatuses?.[0]?.state?.terminated ?? {};
  } finally {
    await thief.delete(`${PATH}/${name}`);
  }
}

describe('a stop pod with a false order', () => {
  /** Any container of the control plane, or of another pod, that runs here. */
  const idOf = async (label: string): Promise<string> => {
    const listed = await stage.cluster.node?.ctr(['containers', 'ls', '--quiet', `labels.${label}`]);
    return listed?.stdout.split('\n')[0] ?? '';
  };
  const ofWeb = (): string => `"io.kubernetes.pod.uid"==${order.podUID}`;

  it.each<[string, () => Promise<Partial<StopOrder>>, number, RegExp]>([
    [
      'the ID of the application',
      async () => ({ containerID: containerID((await stage.pod('web')).status?.containerStatuses?.[0]) }),
      STOP_EXIT.refused,
      /has the label io\.kubernetes\.container\.name=app, not debug-0123abcd-1/,
    ],
    [
      'the ID of the sandbox',
      async () => ({ containerID: await idOf(`"io.cri-containerd.kind"==sandbox,labels.${ofWeb()}`) }),
      STOP_EXIT.notRunning,
      /has no container/,
    ],
    [
      'the ID of a container of another node',
      async () => ({ containerID: 'ab'.repeat(32) }),
      STOP_EXIT.notRunning,
      /has no container/,
    ],
    ['another pod', async () => ({ podName: 'other' }), STOP_EXIT.refused, /pod\.name=web, not other/],
    ['another UID', async () => ({ podUID: 'other' }), STOP_EXIT.refused, /pod\.uid=/],
    ['another namespace', async () => ({ podNamespace: 'default' }), STOP_EXIT.refused, /pod\.namespace=/],
    ['another attempt', async () => ({ containerName: 'debug-0123abcd-2' }), STOP_EXIT.refused, /container\.name=/],
  ])('a stop pod ends nothing with an order that names %s', async (_words, lie, exitCode, says) => {
    const different = await lie();
    expect(Object.values(different)).not.toContain('');
    expect(await carriedOut(different)).toMatchObject({ exitCode, message: expect.stringMatching(says) });
    const web = await stage.pod('web');
    expect(web.status?.containerStatuses).toMatchObject([{ restartCount: 0, state: { running: {} } }]);
    expect(debugContainer(web)?.state?.running).toBeDefined();
  });
});

describe('a stop pod that runs', () => {
  const name = (): string => stopPodName({ containerID: 'cd'.repeat(32) });

  beforeAll(async () => {
    // One that does not start, so that there is time.
    const pod = body({ containerID: 'cd'.repeat(32) });
    await thief.create(PATH, { ...pod, spec: { ...pod.spec, nodeName: 'no-such-node' } });
  });
  afterAll(() => stage.client.delete(`${PATH}/${name()}`, { body: { gracePeriodSeconds: 0 } }));

  it.each<[string, () => Promise<unknown>]>([
    [
      'gets no ephemeral container',
      () => {
        const ephemeralContainers = [{ name: 'evil', image: busyboxImage }];
        return stage.client.patch(
          `${PATH}/${name()}/ephemeralcontainers`,
          { spec: { ephemeralContainers } },
          { type: 'strategic' },
        );
      },
    ],
    [
      'gets no other image',
      () =>
        stage.client.patch(
          `${PATH}/${name()}`,
          { spec: { containers: [{ name: 'stop', image: 'evil' }] } },
          { type: 'strategic' },
        ),
    ],
    ['is not entered by exec', () => stage.client.create(`${PATH}/${name()}/exec?command=x&container=stop`, {})],
    ['is not attached to', () => stage.client.create(`${PATH}/${name()}/attach?container=stop`, {})],
    ['has no port forwarded', () => stage.client.create(`${PATH}/${name()}/portforward`, {})],
    ['is not reached through the API server', () => stage.client.get(`${PATH}/${name()}/proxy/`)],
  ])('a running stop pod %s, even for an administrator', async (_words, asked) => {
    expect(await said(asked())).toMatch(/nobody changes a stop pod or comes into it/);
  });

  it('a running stop pod takes a changed label or annotation', async () => {
    const metadata = { annotations: { 'plugin.example/ip': '10.0.0.1' } };
    expect(await said(stage.client.patch(`${PATH}/${name()}`, { metadata }, { type: 'merge' }))).toBe('let in');
  });
});

it('a stop pod with a true order ends its container, and leaves the application alone', async () => {
  expect(await carriedOut({})).toMatchObject({ exitCode: STOP_EXIT.stopped });
  const web = await stage.untilPod('web', (pod) => debugContainer(pod)?.state?.terminated !== undefined);
  expect(web.status?.containerStatuses).toMatchObject([{ restartCount: 0, state: { running: {} } }]);
});
