import { FINALIZER } from '../../../src/api/debugsession.ts';
import { LIVE_LABEL } from '../../../src/api/debugsession.ts';
import type { Plan } from '../../../src/session/plan/effect.ts';
import { describe, expect, it } from '@jest/globals';
import { canonicalJson } from '../../../src/api/canonical-json.ts';
import type { DebugPolicy } from '../../../src/api/debugpolicy.ts';
import type { DebugSession } from '../../../src/api/debugsession.ts';
import type { ContainerState, Makeup, Pod } from '../../../src/api/pod.ts';
import { trimPod, trimPolicy, trimSession, type RawPod } from '../../../src/reconcile/trim.ts';
import { containerOf } from '../../../src/session/container/container-of.ts';
import { UID_VARIABLE } from '../../../src/session/container/container.ts';
import { SUPERVISOR_VARIABLE } from '../../../src/session/container/environment.ts';
import { makeupOf } from '../../../src/session/container/makeup.ts';
import { plan } from '../../../src/session/plan/plan.ts';
import { preflight } from '../../../src/session/start/preflight.ts';
import { aPod, aSession, aStatus, NOON } from '../../support/builders/builders.ts';
import { OPEN_RULES } from '../../support/builders/open-policy.ts';
import { World } from '../../support/world/world.ts';

/** As the API server sends it: our few fields in a lot of others. */
function raw(pod: Pod): RawPod {
  const noise = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => [`f:field-${i}`, { 'f:more': `${i}`.repeat(20) }]),
  );
  const mounted = (pod.spec.volumes ?? []).filter((volume) => volume.mounted);
  const volumeMounts = mounted.map(({ name }) => ({ name, mountPath: '/x', ...noise }));
  const container = (name: string): object => ({ name, image: 'x', env: [], volumeMounts, resources: noise });
  const ephemeralContainers = (pod.spec.ephemeralContainers ?? []).map(({ name, sessionUID }) => ({
    ...container(name),
    env: [
      { name: 'OTHER', value: 'x' },
      { name: UID_VARIABLE, value: sessionUID },
    ],
  }));
  const statuses = (list: object[] = []): object[] =>
    list.map((status) => ({ ...status, image: 'x', volumeMounts: [noise] }));
  return {
    metadata: {
      ...pod.metadata,
      managedFields: [noise],
      annotations: { ...pod.metadata.annotations, big: 'x'.repeat(500) },
    },
    spec: {
      ...pod.spec,
      volumes: pod.spec.volumes?.map(({ name }) => ({ name, secret: noise })),
      tolerations: [noise],
      containers: pod.spec.containers.map(({ name }) => container(name)),
      ...(pod.spec.ephemeralContainers && { ephemeralContainers }),
    },
    status: {
      ...pod.status,
      podIPs: [noise],
      containerStatuses: statuses(pod.status.containerStatuses),
      ...(pod.status.ephemeralContainerStatuses && {
        ephemeralContainerStatuses: statuses(pod.status.ephemeralContainerStatuses),
      }),
    },
  } as unknown as RawPod;
}

/** The container of the run stands in there as it was asked for. */
function injectedAsAsked(pod: RawPod, { session, run }: World): RawPod {
  const asked = containerOf(session, run);
  const ephemeralContainers = pod.spec?.ephemeralContainers?.map((one) => (one.name === asked.name ? asked : one));
  return { ...pod, ...(pod.spec && { spec: { ...pod.spec, ...(ephemeralContainers && { ephemeralContainers }) } }) };
}

const withContainer = (state: ContainerState, lastState?: ContainerState) => (world: World) =>
  world.kubelet(state, lastState);

const SITUATIONS: [name: string, act: (world: World) => void][] = [
  ['injected', () => undefined],
  ['waiting', withContainer({ waiting: { reason: 'ErrImagePull', message: 'denied' } })],
  ['running', withContainer({ running: { startedAt: '2026-01-01T12:00:01Z' } })],
  [
    'ended',
    withContainer({ terminated: { exitCode: 129, signal: 9, reason: 'Error', message: 'Deadline', finishedAt: 'x' } }),
  ],
  ['start failure', withContainer({ waiting: {} }, { terminated: { exitCode: 128, reason: 'StartError' } })],
  ['going', (world) => world.changePod((pod) => (pod.metadata.deletionTimestamp = '2026-01-01T12:00:00Z'))],
  ['finished', (world) => world.changePod((pod) => (pod.status.phase = 'Failed'))],
];

describe('a trimmed pod', () => {
  it.each(SITUATIONS)('a trimmed pod gives the planner the same step as the whole pod: %s', (_name, act) => {
    const world = new World({ target: { podName: 'web-1', containerName: 'app' } });
    world.settle();
    act(world);
    const whole = world.look();
    if (world.pod) world.pod = trimPod(injectedAsAsked(raw(world.pod), world));
    expect(world.look()).toEqual(whole);
  });

  const BEFORE: [name: string, change: (pod: Pod) => void][] = [
    ['mirror', (pod) => (pod.metadata.annotations = { 'kubernetes.io/config.mirror': 'x' })],
    ['windows', (pod) => (pod.spec.os = { name: 'windows' })],
    ['unscheduled', (pod) => delete pod.spec.nodeName],
    [
      'why unscheduled',
      (pod) => {
        delete pod.spec.nodeName;
        pod.status.conditions = [
          { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3 nodes' },
        ];
      },
    ],
    [
      'init container',
      (pod) => {
        pod.spec.containers = [{ name: 'main' }];
        pod.spec.initContainers = [{ name: 'app' }];
        pod.status.initContainerStatuses = [aStatus('app', { running: {} })];
      },
    ],
    [
      'crash loop',
      (pod) =>
        (pod.status.containerStatuses = [
          aStatus(
            'app',
            { waiting: { reason: 'CrashLoopBackOff' } },
            { restartCount: 3, lastState: { terminated: { exitCode: 3 } } },
          ),
        ]),
    ],
    ['name taken', (pod) => (pod.spec.ephemeralContainers = [{ name: 'debug-x', sessionUID: 'other' }])],
  ];

  it.each(BEFORE)('a trimmed pod gives the preflight the same answer as the whole pod: %s', (_name, change) => {
    const session = aSession(
      { target: { podName: 'web-1', containerName: 'app' } },
      { metadata: { finalizers: [FINALIZER], labels: { [LIVE_LABEL]: 'true' } } },
    );
    const pod = aPod(change);
    const known = { authority: { kind: 'waived' }, rules: OPEN_RULES, now: NOON } as const;
    const planned = (seen: Pod): Plan => plan({ session, sighting: { kind: 'present', pod: seen }, ...known });
    expect(planned(trimPod(raw(pod)))).toEqual(planned(pod));
    // The look is reached: what stands before it does not decide.
    expect(planned(pod).effect.kind).toBe('writeStatus');
    expect(JSON.stringify(planned(pod))).not.toMatch(/AdmissionPolicyMissing|PolicyNotFound/);
  });

  it.each(['data', 'spare', 'none'])(
    'a trimmed pod gives the preflight the same answer about the volume %s',
    (name) => {
      const pod = aPod((p) => {
        p.spec.volumes = [
          { name: 'data', mounted: true },
          { name: 'spare', mounted: false },
        ];
      });
      expect(preflight(trimPod(raw(pod)), { volumes: [name] })).toEqual(preflight(pod, { volumes: [name] }));
    },
  );

  it('a pod that no kubelet has seen, with a debug container of another tool, is read as it is', () => {
    const ephemeralContainers = [
      { name: 'debugger-1', image: 'x', env: [{ name: 'OTHER', value: 'x' }] },
      { name: 'bare' },
    ];
    const pod = {
      metadata: aPod().metadata,
      spec: { containers: [], ephemeralContainers },
      status: { phase: 'Pending' },
    };
    const { spec, status } = trimPod(pod);
    expect(spec.ephemeralContainers).toStrictEqual([{ name: 'debugger-1' }, { name: 'bare' }]);
    expect(status).toStrictEqual({ phase: 'Pending' });
  });

  it('a trimmed pod takes less than a tenth of the whole pod', () => {
    const world = World.running();
    const whole = raw(world.pod ?? aPod());
    expect(canonicalJson(whole).length).toBeGreaterThan(12_000);
    expect(canonicalJson(trimPod(whole)).length).toBeLessThan(1_000);
  });

  it('a trimmed pod keeps the stored size of the whole pod with managedFields and status', () => {
    const annotated = (words: string): RawPod =>
      raw(aPod((pod) => Object.assign(pod.metadata, { annotations: { words } })));
    const whole = annotated('ä'.repeat(1_000));
    expect(trimPod(whole).metadata.storedBytes).toBe(Buffer.byteLength(JSON.stringify(whole)));
    const session = aSession();
    const large = annotated('x'.repeat(700_000));
    expect(preflight(trimPod(large), { containerName: session.spec.target.containerName })).toMatchObject({
      reason: 'PodTooLarge',
    });
  });

  it('a trimmed pod gives a container whose uid comes out of a secret to no session', () => {
    const { metadata } = aPod();
    const env = [{ name: UID_VARIABLE, valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }];
    const spec = { containers: [{ name: 'app' }], ephemeralContainers: [{ name: 'debug-x', env }] };
    expect(trimPod({ metadata, spec }).spec.ephemeralContainers).toEqual([{ name: 'debug-x' }]);
  });

  it('a pod that was trimmed before lends its ephemeral containers to its next version, and not to another pod', () => {
    const { metadata } = aPod();
    const version = (ofSession: string, count: number): RawPod => ({
      metadata,
      spec: {
        containers: [{ name: 'app' }],
        ephemeralContainers: Array.from({ length: count }, (_, index) => ({
          name: `debug-${index}`,
          image: `image-of-${ofSession}`,
          env: [{ name: UID_VARIABLE, value: ofSession }],
        })),
      },
    });
    const known = trimPod(version('a', 1));
    const next = trimPod(version('a', 2), known);
    expect(next).toEqual(trimPod(version('a', 2)));
    expect(next.spec.ephemeralContainers?.[0]).toBe(known.spec.ephemeralContainers?.[0]);
    const replaced = { ...version('b', 1), metadata: { ...metadata, uid: 'of another pod' } };
    expect(trimPod(replaced, known)).toEqual(trimPod(replaced));
  });

  it('a trimmed pod marks volumes that containers mount, and those that running containers may write', () => {
    const { metadata } = aPod();
    const by = (name: string, more: object = {}): { name: string; volumeMounts: { name: string }[] } => ({
      name: `c-${name}`,
      volumeMounts: [{ name, ...more }],
    });
    const names = ['app', 'app-reads', 'read-and-written', 'init', 'sidecar', 'sidecar-reads', 'debug', 'none'];
    const spec = {
      containers: [
        by('app'),
        by('app-reads', { readOnly: true }),
        by('read-and-written', { readOnly: true }),
        by('read-and-written', { readOnly: false }),
      ],
      initContainers: [
        by('init'),
        by('app-reads'),
        { ...by('sidecar'), restartPolicy: 'Always' },
        { ...by('sidecar-reads', { readOnly: true }), restartPolicy: 'Always' },
      ],
      ephemeralContainers: [by('debug'), by('app-reads')],
      volumes: names.map((name) => ({ name })),
    };
    expect(trimPod({ metadata, spec }).spec.volumes).toStrictEqual([
      { name: 'app', mounted: true, writable: true },
      { name: 'app-reads', mounted: true },
      { name: 'read-and-written', mounted: true, writable: true },
      { name: 'init', mounted: true },
      { name: 'sidecar', mounted: true, writable: true },
      { name: 'sidecar-reads', mounted: true },
      { name: 'debug', mounted: false },
      { name: 'none', mounted: false },
    ]);
  });

  it('a trimmed pod keeps of a volume only whether it belongs to the node', () => {
    const { metadata } = aPod();
    const volumes = [
      { name: 'disk', hostPath: { path: '/', type: 'Directory' } },
      { name: 'own', persistentVolumeClaim: { claimName: 'own' } },
      { name: 'plugged', csi: { driver: 'secrets-store.csi.k8s.io' } },
    ];
    expect(trimPod({ metadata, spec: { containers: [], volumes } }).spec.volumes).toStrictEqual([
      { name: 'disk', mounted: false, hostPath: true },
      { name: 'own', mounted: false },
      { name: 'plugged', mounted: false },
    ]);
  });

  it('a trimmed pod keeps why a container amounts to the node, and whether an init container keeps running', () => {
    const { metadata } = aPod();
    const securityContext = { capabilities: { add: ['NET_ADMIN', 'SYS_ADMIN'] }, runAsUser: 0 };
    const spec = {
      containers: [
        { name: 'app', securityContext: { capabilities: { add: ['NET_ADMIN'] } } },
        { name: 'agent', securityContext },
      ],
      initContainers: [
        { name: 'setup', securityContext },
        { name: 'mesh', securityContext, restartPolicy: 'Always' },
      ],
      ephemeralContainers: [{ name: 'debug', securityContext }],
    };
    const nodePower = 'capability SYS_ADMIN';
    expect(trimPod({ metadata, spec }).spec).toStrictEqual({
      containers: [{ name: 'app' }, { name: 'agent', nodePower }],
      initContainers: [
        { name: 'setup', nodePower },
        { name: 'mesh', nodePower, restartPolicy: 'Always' },
      ],
      ephemeralContainers: [{ name: 'debug' }],
    });
  });

  it.each([
    ['container', { containers: [{ name: 'a', securityContext: { privileged: true } }] }],
    ['init container', { containers: [], initContainers: [{ name: 'a', securityContext: { privileged: true } }] }],
    ['container of two', { containers: [{ name: 'a', securityContext: { privileged: true } }, { name: 'b' }] }],
  ])('a trimmed pod keeps that a %s is privileged', (_, spec) => {
    expect(trimPod({ metadata: aPod().metadata, spec }).spec.privileged).toBe(true);
  });

  it('trimPod accepts a pod with metadata alone', () => {
    const { metadata } = aPod();
    expect(trimPod({ metadata })).toMatchObject({ spec: { containers: [] }, status: {} });
  });

  it('a trimmed pod keeps the fields that choose a pod of a workload', () => {
    const owner = { kind: 'Job', name: 'web', uid: 'u', controller: true };
    const trimmed = trimPod(raw(aPod((pod) => (pod.metadata.ownerReferences = [owner]))));
    expect([trimmed.metadata.ownerReferences, trimmed.metadata.creationTimestamp, trimmed.status.conditions]).toEqual([
      [owner],
      '2026-01-01T11:00:00Z',
      [{ type: 'Ready', status: 'True' }],
    ]);
  });
});

/** Every declared field of `T` with a value, also in its parts: a fixture without a new field does not compile. */
type Whole<T> = T extends (infer Item)[]
  ? Whole<Item>[]
  : T extends object
    ? string extends keyof T
      ? T
      : { [K in keyof T]-?: Whole<NonNullable<T[K]>> }
    : T;

const terminated = {
  exitCode: 1,
  signal: 9,
  reason: 'Error',
  message: 'm',
  startedAt: 's',
  finishedAt: 'f',
  containerID: 'c',
};
const state = { waiting: { reason: 'r', message: 'm' }, running: { startedAt: 's' }, terminated };
const status = {
  name: 'app',
  ready: true,
  restartCount: 1,
  imageID: 'i',
  containerID: 'c',
  state,
  lastState: state,
};
const restartPolicyRules = [{ action: 'Restart', exitCodes: { operator: 'In', values: [3] } }];
const CONTAINER = { name: 'app', nodePower: 'capability SYS_ADMIN', restartPolicy: 'Always', restartPolicyRules };
const MADE_OF = {
  image: 'i',
  command: ['c'],
  args: ['a'],
  env: [
    { name: UID_VARIABLE, value: 's' },
    { name: SUPERVISOR_VARIABLE, value: 's' },
  ],
  envFrom: [{ secretRef: { name: 's' } }],
  workingDir: '/',
  volumeMounts: [{ name: 'data', mountPath: '/data' }],
  stdin: true,
  tty: true,
  targetContainerName: 'app',
  securityContext: { runAsUser: 1 },
};
const WHOLE: Whole<Pod> = {
  metadata: {
    name: 'web-1',
    namespace: 'shop',
    uid: 'u',
    resourceVersion: '7',
    generateName: 'web-',
    creationTimestamp: 'c',
    deletionTimestamp: 'd',
    deletionGracePeriodSeconds: 30,
    labels: { app: 'web' },
    annotations: { 'kubernetes.io/config.mirror': 'm' },
    ownerReferences: [{ kind: 'ReplicaSet', name: 'web', uid: 'o', controller: true }],
    storedBytes: 1,
  },
  spec: {
    nodeName: 'n',
    os: { name: 'linux' },
    restartPolicy: 'Always',
    shareProcessNamespace: true,
    hostPID: true,
    hostNetwork: true,
    hostIPC: true,
    runAsUser: 1000,
    privileged: true,
    limits: { memory: 2 ** 21, cpu: 500, storage: 2 ** 20 },
    containers: [CONTAINER],
    initContainers: [CONTAINER],
    ephemeralContainers: [
      {
        ...{ name: 'debug-1', sessionUID: 's', targetContainerName: 'app' },
        makeup: makeupOf(MADE_OF) as Required<Makeup>,
      },
    ],
    volumes: [{ name: 'data', mounted: true, writable: true, hostPath: true }],
  },
  status: {
    phase: 'Running',
    reason: 'Evicted',
    message: 'm',
    conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'r', message: 'm', lastTransitionTime: 't' }],
    containerStatuses: [status],
    initContainerStatuses: [status],
    ephemeralContainerStatuses: [status],
  },
};

it('trimPod keeps every declared field of a pod', () => {
  const securityContext = { privileged: true, capabilities: { add: ['SYS_ADMIN'] } };
  const container = {
    name: 'app',
    securityContext,
    restartPolicy: 'Always',
    restartPolicyRules,
    resources: { limits: { 'ephemeral-storage': '512Ki' } },
    volumeMounts: [{ name: 'data' }],
  };
  const read = {
    ...WHOLE,
    spec: {
      ...WHOLE.spec,
      containers: [container],
      initContainers: [container],
      ephemeralContainers: [{ name: 'debug-1', ...MADE_OF }],
      securityContext: { runAsUser: 1000 },
      resources: { limits: { memory: '1Mi', cpu: '0.4', 'ephemeral-storage': '9Mi' } },
      overhead: { memory: '1Mi', cpu: '100m' },
      volumes: [{ name: 'data', hostPath: {} }],
    },
  };
  // It is measured, not read.
  const metadata = { ...WHOLE.metadata, storedBytes: expect.any(Number) };
  expect(trimPod(read)).toStrictEqual({ ...WHOLE, metadata });
});

it('trimPod keeps the declared annotations and no others', () => {
  const mirror = { 'kubernetes.io/config.mirror': 'm' };
  const kept = (annotations: object): Pod['metadata'] => {
    return trimPod({ metadata: { ...WHOLE.metadata, annotations } }).metadata;
  };
  const { annotations } = kept({ ...mirror, 'example.com/other': 'x' });
  expect(annotations).toStrictEqual(mirror);
  // @ts-expect-error: PodAnnotations of src/api/pod.ts does not declare it.
  expect(annotations?.['example.com/other']).toBeUndefined();
  expect(kept({ 'example.com/other': 'x' })).not.toHaveProperty('annotations');
});

describe('a trimmed policy', () => {
  it('trimPolicy keeps the spec and every declared field of the metadata', () => {
    const metadata: Whole<DebugPolicy['metadata']> = { name: 'p', uid: 'u', resourceVersion: '1', generation: 2 };
    const whole: DebugPolicy = { apiVersion: 'a', kind: 'k', metadata, spec: { images: ['x'] } };
    const noisy = { ...whole, metadata: { ...metadata, managedFields: [{}] }, status: {} };
    expect(trimPolicy(noisy)).toStrictEqual(whole);
  });
});

describe('a trimmed session', () => {
  it('trimSession drops managedFields and annotations, and does not change its argument', () => {
    const session = aSession();
    const annotations = { 'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify(session) };
    const whole = { ...session, metadata: { ...session.metadata, managedFields: [{}], annotations } } as DebugSession;
    expect(trimSession(whole)).toStrictEqual(session);
    expect(whole.metadata).toMatchObject({ managedFields: [{}], annotations });
  });
});
