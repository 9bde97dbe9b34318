import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { DebugSession, DebugSessionSpec } from '../../src/api/debugsession.ts';
import { podsPath, sessionsPath } from '../../src/reconcile/session-api.ts';
import { findCondition } from '../../src/api/conditions.ts';
import { nameOf } from '../support/cluster/ending.ts';
import { appPod, ephemeralNames, isReady, shellPod } from '../support/builders/pods.ts';
import { Policies } from '../support/builders/policies.ts';
import { refusedAtRequest } from '../support/cluster/refused-at-request.ts';
import { Stage } from '../support/cluster/stage.ts';

// What the policy does not open is refused by the API server at the request, and by the operator where the policy came
// later than the session: for good, and no container stands in the pod. The policy
// here allows what the built-in one does. All that a policy can judge is in test/unit/policy/evaluate.test.ts; how
// images are read, in image-reference and image-pattern beside it.

type Wish = Partial<DebugSessionSpec>;

let stage: Stage;
let policies: Policies;
let policyName: string;
let withVolumes: string;
const SYSTEM = 'kube-system';
const DIGEST = `sha256:${'0'.repeat(64)}`;
const sessions = new Map<string, Promise<DebugSession>>();

/** By the attack: what is asked for, and what the refusal says. */
const ATTACKS: Record<string, [Wish, string]> = {
  'an image that is not allowed': [
    { image: 'docker.io/library/nginx:1' },
    'image docker.io/library/nginx:1 is not allowed',
  ],
  'an image whose path holds the allowed one': [
    { image: 'evil.example/docker.io/library/busybox:1.36' },
    'image evil.example/docker.io/library/busybox:1.36 is not allowed',
  ],
  'an image of another registry by a port': [
    { image: 'docker.io:443/library/busybox:1.36' },
    'image docker.io:443/library/busybox:1.36 is not allowed',
  ],
  'an image with a digest where a tag is allowed': [{ image: `docker.io/library/busybox@${DIGEST}` }, 'is not allowed'],
  'an image with the allowed tag and a digest, by which it is pulled': [
    { image: `busybox:1.36@${DIGEST}` },
    'is not allowed',
  ],
  'an image that begins like the allowed one': [{ image: 'docker.io/library/busybox-evil:1.36' }, 'is not allowed'],
  'an image below the allowed one': [{ image: 'docker.io/library/busybox/evil:1.36' }, 'is not allowed'],
  'an image by a path that leads out': [{ image: 'docker.io/library/../evil/busybox:1.36' }, 'is not understood'],
  'an image in capitals': [{ image: 'docker.io/library/BUSYBOX:1.36' }, 'is not understood'],
  'an image of a host that looks like a path': [{ image: 'library.evil/busybox:1.36' }, 'is not allowed'],
  'an image by the ID that it has on the node': [{ image: '0'.repeat(64) }, 'is not understood'],
  'an image by the beginning of that ID': [{ image: 'sha256:0123456789ab' }, 'is not understood'],
  'the profile sysadmin': [{ profile: 'sysadmin' }, 'profile sysadmin is not allowed'],
  'the profile netadmin': [{ profile: 'netadmin' }, 'profile netadmin is not allowed'],
  privileges: [{ securityContext: { privileged: true } }, 'securityContext with privileged needs SecurityContext'],
  'another user': [{ securityContext: { runAsUser: 0 } }, 'securityContext with runAsUser needs SecurityContext'],
  capabilities: [
    { securityContext: { capabilities: { add: ['SYS_ADMIN'] } } },
    'securityContext with capabilities needs',
  ],
  'no supervisor': [{ supervisor: 'None' }, 'supervisor None needs SupervisorNone'],
  'the eviction of the pod when it will not end': [
    { ifUnstoppable: 'EvictPod' },
    'ifUnstoppable EvictPod needs EvictPod',
  ],
  'the eviction of the pod afterwards': [{ podAfterSession: 'Evict' }, 'podAfterSession Evict needs EvictPod'],
  company: [{ attachers: [{ kind: 'User', name: 'eve' }] }, 'attachers eve needs Attachers'],
  'a secret by a volume of the pod': [
    { volumeMounts: [{ name: 'password', mountPath: '/password' }] },
    'volumeMounts of password needs VolumeMounts',
  ],
  'the disk of the node by a volume of the pod': [
    { volumeMounts: [{ name: 'disk', mountPath: '/disk' }] },
    'volumeMounts of disk needs VolumeMounts',
  ],
  'the token of the pod by its volume': [
    { volumeMounts: [{ name: 'token', mountPath: '/token' }] },
    'volumeMounts of token needs VolumeMounts',
  ],
  'a secret by a variable': [
    { env: [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'password', key: 'value' } } }] },
    'env PASSWORD with valueFrom needs SecretEnv',
  ],
  'a whole secret by variables': [
    { envFrom: [{ secretRef: { name: 'password' } }] },
    'envFrom of password needs SecretEnv',
  ],
  'a config map by variables': [
    { envFrom: [{ configMapRef: { name: 'settings' } }] },
    'envFrom of settings needs SecretEnv',
  ],
  'more time than there is': [{ ttl: '4h1s' }, 'ttl 4h1s is longer than ttl.max (4h)'],
  'a pod with a privileged container': [
    { target: { podName: 'privileged' } },
    'pod privileged, which has a privileged container, needs PrivilegedPods',
  ],
  'a pod with a privileged init container': [
    { target: { podName: 'privileged-init' } },
    'which has a privileged container, needs PrivilegedPods',
  ],
  'a pod with a container that may administer the node': [
    { target: { podName: 'admin', containerName: 'app' } },
    'pod admin, whose container app has capability SYS_ADMIN, needs PrivilegedPods',
  ],
  'a pod with such a container, written in another way': [
    { target: { podName: 'tracer' } },
    'pod tracer, whose container app has capability BPF, needs PrivilegedPods',
  ],
  'a pod with such a sidecar': [
    { target: { podName: 'sidecar' } },
    'pod sidecar, whose container helper has capability SYS_ADMIN, needs PrivilegedPods',
  ],
  'an init container that may administer the node, while it runs': [
    { target: { podName: 'setting-up', containerName: 'helper' } },
    'pod setting-up, whose container helper has capability SYS_ADMIN, needs PrivilegedPods',
  ],
  'a pod with a disk of the node': [
    { target: { podName: 'block' } },
    'pod block, whose container app has volumeDevices, needs PrivilegedPods',
  ],
  'a pod in the processes of the node': [
    { target: { podName: 'host-pid' } },
    'pod host-pid with hostPID needs HostPods',
  ],
  'a pod in the network of the node': [
    { target: { podName: 'host-network' } },
    'pod host-network with hostNetwork needs HostPods',
  ],
  'a pod in the IPC of the node': [{ target: { podName: 'host-ipc' } }, 'pod host-ipc with hostIPC needs HostPods'],
};

/** What the volumes of a pod do not give where the policy allows VolumeMounts. */
const VOLUMES: Record<string, [Wish, string]> = {
  'the disk of the node, for writing': [
    { volumeMounts: [{ name: 'disk', mountPath: '/disk' }] },
    'volumeMounts of disk with hostPath needs HostPods in allow',
  ],
  'the disk of the node, for reading': [
    { volumeMounts: [{ name: 'disk', mountPath: '/disk', readOnly: true }] },
    'volumeMounts of disk with hostPath needs HostPods in allow',
  ],
  'the whole disk of the node where the application has a part of it': [
    { target: { podName: 'log-agent' }, volumeMounts: [{ name: 'root', mountPath: '/node', readOnly: true }] },
    'volumeMounts of root with hostPath needs HostPods in allow',
  ],
  'for writing what the application only reads': [
    { target: { podName: 'reader' }, volumeMounts: [{ name: 'settings', mountPath: '/settings' }] },
    'volumeMounts of settings without readOnly needs readOnly: true',
  ],
  'for writing what an init container wrote and the application only reads': [
    { target: { podName: 'reader' }, volumeMounts: [{ name: 'made', mountPath: '/made', readOnly: false }] },
    'volumeMounts of made without readOnly needs readOnly: true',
  ],
};

/** Pods that give more than others, or hold something to be had. */
const PODS: Record<string, object> = {
  web: appPod({
    volumes: [
      { name: 'password', secret: { secretName: 'password' } },
      { name: 'disk', hostPath: { path: '/' } },
      { name: 'token', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } },
    ],
  }),
  privileged: privileged(appPod()),
  'privileged-init': appPod({
    initContainers: [{ ...first(privileged(appPod())), name: 'setup', restartPolicy: 'Always' }],
  }),
  'host-pid': appPod({ hostPID: true }),
  // It would take a port of the node: it need not run.
  'host-network': appPod({ hostNetwork: true, nodeSelector: { disk: 'of-diamond' } }),
  'host-ipc': appPod({ hostIPC: true }),
  admin: adding(appPod(), 'SYS_ADMIN'),
  // Nobody runs it: container runtimes do not agree on names with the prefix.
  tracer: adding(appPod({ nodeSelector: { disk: 'of-diamond' } }), 'NET_ADMIN', 'cap_bpf'),
  sidecar: appPod({
    initContainers: [{ ...first(adding(appPod(), 'SYS_ADMIN')), name: 'helper', restartPolicy: 'Always' }],
  }),
  'setting-up': appPod({ initContainers: [{ ...first(adding(shellPod('sleep 3600'), 'SYS_ADMIN')), name: 'helper' }] }),
  block: {
    ...appPod({ volumes: [{ name: 'disk', persistentVolumeClaim: { claimName: 'none' } }] }),
    containers: [{ ...first(appPod()), volumeDevices: [{ name: 'disk', devicePath: '/dev/disk' }] }],
  },
  'log-agent': {
    ...appPod({ nodeSelector: { disk: 'of-diamond' }, volumes: [{ name: 'root', hostPath: { path: '/' } }] }),
    containers: [mounting({ name: 'root', mountPath: '/logs', subPath: 'var/log', readOnly: true })],
  },
  reader: {
    ...appPod({ volumes: ['settings', 'made'].map((name) => ({ name, emptyDir: {} })) }),
    initContainers: [
      { ...first(shellPod('true')), name: 'setup', volumeMounts: [{ name: 'made', mountPath: '/made' }] },
    ],
    containers: [
      mounting(
        { name: 'settings', mountPath: '/settings', readOnly: true },
        { name: 'made', mountPath: '/made', readOnly: true },
      ),
    ],
  },
};

function first(pod: object): object {
  return (pod as { containers: object[] }).containers[0] ?? {};
}

function privileged(pod: object): object {
  return { ...pod, containers: [{ ...first(pod), securityContext: { privileged: true } }] };
}

function adding(pod: object, ...add: string[]): object {
  return { ...pod, containers: [{ ...first(pod), securityContext: { capabilities: { add } } }] };
}

function mounting(...volumeMounts: object[]): object {
  return { ...first(appPod()), volumeMounts };
}

beforeAll(async () => {
  stage = await Stage.open('policy-denied', { operator: false });
  policies = new Policies(stage);
  const secrets = `/api/v1/namespaces/${stage.namespace}/secrets`;
  await Promise.all([
    stage.startOperator(`--namespaces=${stage.namespace},${SYSTEM}`),
    stage.client.create(secrets, { metadata: { name: 'password' }, stringData: { value: 'secret' } }),
    ...Object.entries(PODS).map(([name, spec]) => stage.createPod(name, spec)),
  ]);
  policyName = policies.nameOf('safe');
  withVolumes = policies.nameOf('volumes');
  await Promise.all([stage.untilPod('web', isReady), stage.untilPod('reader', isReady)]);
  // Before the policies, so that the operator has to judge.
  const asked = [
    ...Object.entries(ATTACKS),
    ...Object.entries(VOLUMES).map(([words, [wish]]) => [words, [{ policyName: withVolumes, ...wish }]] as const),
  ];
  await Promise.all(asked.map(([words, [wish]]) => ask(words, wish)));
  await policies.create('safe', {
    profiles: ['general', 'baseline', 'restricted'],
    ttl: { default: '30m', max: '4h' },
    allow: ['TargetContainer', 'Env'],
  });
  await policies.create('volumes', { allow: ['VolumeMounts'] });
  for (const [words] of asked) sessions.set(words, stage.untilPhase(nameFor(words), 'Failed'));
});

afterAll(async () => {
  await stage.close();
  await policies.close();
});

function nameFor(words: string): string {
  return nameOf(words.toLowerCase()).slice(0, 60).replace(/-$/, '');
}

function ask(words: string, wish: Wish): Promise<DebugSession> {
  const plain = { target: { podName: 'web' }, command: ['sleep', '60'], policyName };
  return stage.createSession(nameFor(words), { ...plain, ...wish });
}

it.each(Object.entries(ATTACKS).filter(([, [{ target }]]) => target === undefined))(
  'the API server refuses at the request %s',
  async (_, [wish, says]) => {
    const refused = await refusedAtRequest(stage, { policyName, ...wish });
    expect(refused).toMatch(new RegExp(`^DebugPolicy ${policyName} does not allow this: `));
    expect(refused).toContain(says);
  },
);

it.each(Object.entries(ATTACKS))('the policy denies %s', (words, [, says]) => expectDenied(words, says, policyName));

it.each(Object.entries(VOLUMES))('the policy with volumes denies %s', (words, [, says]) =>
  expectDenied(words, says, withVolumes),
);

async function expectDenied(words: string, says: string, policy: string): Promise<void> {
  const { status } = (await sessions.get(words)) ?? {};
  const accepted = findCondition(status?.conditions, 'Accepted');
  expect(accepted).toMatchObject({ status: 'False', reason: 'PolicyDenied' });
  expect(accepted?.message).toMatch(new RegExp(`^DebugPolicy ${policy} does not allow this: `));
  expect(accepted?.message).toContain(says);
  expect(status?.runs).toMatchObject([{ attempt: 1, state: 'Failed', reason: 'PolicyDenied' }]);
  expect(status?.runs?.[0]?.injectedAt).toBeUndefined();
}

it('the policy denies a pod of a system namespace', async () => {
  const name = stage.namespace;
  const path = podsPath(SYSTEM);
  await stage.client.create(path, { metadata: { name }, spec: appPod() });
  const body = {
    ...{ apiVersion: 'debugsession.dev/v1alpha1', kind: 'DebugSession', metadata: { name } },
    spec: { target: { podName: name }, image: 'docker.io/library/busybox:1.36', command: ['true'] },
  };
  const session = `${sessionsPath(SYSTEM)}/${name}`;
  try {
    const later = { ...body, spec: { ...body.spec, policyName: policies.nameOf('system') } };
    await stage.client.create(sessionsPath(SYSTEM), later);
    await policies.create('system');
    let status: DebugSession['status'];
    await stage.until('it is refused', async () => {
      ({ status } = await stage.client.get<DebugSession>(session));
      return status?.phase === 'Failed';
    });
    expect(findCondition(status?.conditions, 'Accepted')).toMatchObject({
      reason: 'PolicyDenied',
      message: expect.stringContaining(`the system namespace ${SYSTEM} needs SystemNamespaces`),
    });
    expect(ephemeralNames(await stage.client.get(`${path}/${name}`))).toEqual([]);
  } finally {
    await stage.client.delete(`${path}/${name}`);
    await stage.client.delete(session);
  }
});

it('the API server refuses a session in a system namespace at the request', async () => {
  const spec = { target: { podName: 'web' }, image: 'docker.io/library/busybox:1.36', policyName };
  const body = { apiVersion: 'debugsession.dev/v1alpha1', kind: 'DebugSession', metadata: { name: 'asks' }, spec };
  const args = ['--namespace', SYSTEM, 'create', '--dry-run=server', '-f', '-'];
  expect(await stage.cluster.kubectl(args, { input: JSON.stringify(body) })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`the system namespace ${SYSTEM} needs SystemNamespaces in allow`),
  });
});

it('the refusal says all reasons at once', async () => {
  const wish: Wish = { image: 'evil', profile: 'sysadmin', ttl: '8h', supervisor: 'None' };
  const said = await refusedAtRequest(stage, { policyName, ...wish });
  for (const word of ['image docker.io/library/evil', 'profile sysadmin', 'ttl 8h', 'supervisor None'])
    expect(said).toContain(word);
});

it('the pods have no container after all refusals, and the policy gives what it allows', async () => {
  await Promise.all(sessions.values());
  for (const name of Object.keys(PODS)) expect(ephemeralNames(await stage.pod(name))).toEqual([]);
  const target = { podName: 'web', containerName: 'app' };
  await stage.createSession('allowed', { target, command: ['true'], policyName, env: [{ name: 'A', value: 'b' }] });
  expect((await stage.untilPhase('allowed', 'Completed')).status?.runs).toMatchObject([{ exitCode: 0, policyName }]);
  const volumeMounts = ['settings', 'made'].map((volume) => ({
    name: volume,
    mountPath: `/${volume}`,
    readOnly: true,
  }));
  await stage.createSession('reading', {
    target: { podName: 'reader' },
    ...{ policyName: withVolumes, volumeMounts, command: ['sh', '-c', 'ls /settings /made && ! touch /made/note'] },
  });
  expect((await stage.untilPhase('reading', 'Completed')).status?.runs).toMatchObject([
    { exitCode: 0, policyName: withVolumes, allowances: ['VolumeMounts'] },
  ]);
});
