import { describe, expect, it } from '@jest/globals';
import type { Facts, PodFacts, SeenContainerStatus } from '../../../../src/plugin/triage/facts.ts';
import { findings } from '../../../../src/plugin/triage/findings.ts';
import type { RawEvent } from '../../../../src/plugin/triage/seen-events.ts';
import { before, event, factsOf, podEvent, type PodParts } from '../../../support/builders/triage-facts.ts';

type Expected = [kind: string, ...words: RegExp[]];

/** A row: what is known, and the kind of the first finding with words that it says. */
type Row = [name: string, facts: PodFacts, expected: Expected];

function waiting(reason: string, message = ''): Partial<SeenContainerStatus> {
  return { ready: false, started: false, state: { waiting: { reason, message } } };
}

function looping(
  exitCode: number,
  reason = 'Error',
  more: Partial<SeenContainerStatus> = {},
): Partial<SeenContainerStatus> {
  const terminated = { exitCode, reason, startedAt: before(72), finishedAt: before(70) };
  const message = 'back-off 40s restarting failed container=app pod=web_shop(uid)';
  return { ...waiting('CrashLoopBackOff', message), lastState: { terminated }, restartCount: 4, ...more };
}

const pulling = (message: string): PodFacts => factsOf({ state: waiting('ErrImagePull', message) });
const condition = (type: string, reason: string, message = ''): object => ({ type, status: 'False', reason, message });
const unscheduled = (message: string, parts: PodParts = {}): PodFacts =>
  factsOf({
    ...parts,
    spec: { nodeName: '', ...parts.spec },
    status: { phase: 'Pending', conditions: [condition('PodScheduled', 'Unschedulable', message) as never] },
    state: null,
  });
const ended = (reason: string | undefined, message: string, parts: PodParts = {}): PodFacts =>
  factsOf({ ...parts, status: { phase: 'Failed', ...(reason && { reason }), message }, state: parts.state ?? null });
const creating = (...events: RawEvent[]): PodFacts => factsOf({ state: waiting('ContainerCreating') }, events);
const initState = (state: object): PodParts => ({
  spec: { initContainers: [{ name: 'first' }, { name: 'wait' }] },
  state: waiting('PodInitializing'),
  status: {
    phase: 'Pending',
    initContainerStatuses: [
      { name: 'first', state: { terminated: { exitCode: 0, reason: 'Completed' } } },
      { name: 'wait', ready: false, ...state },
    ],
  },
});
const probe = { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 5 };
const unready: Partial<SeenContainerStatus> = { ready: false };

const image: Row[] = [
  ['no such image', pulling('manifest unknown: manifest unknown'), ['ErrImagePull', /no image of this name and tag/]],
  ['no rights', pulling('401 Unauthorized'), ['ErrImagePull', /refuses the credentials/, /has no imagePullSecrets/]],
  [
    'no image or no rights',
    pulling('pull access denied, repository does not exist or may require authorization'),
    ['ErrImagePull', /same answer to both/],
  ],
  ['too many pulls', pulling('429 Too Many Requests - toomanyrequests'), ['ErrImagePull', /limits how many images/]],
  ['no way there', pulling('dial tcp 127.0.0.1:443: connect: connection refused'), ['ErrImagePull', /cannot reach/]],
  ['no trust', pulling('tls: failed to verify certificate: x509: unknown'), ['ErrImagePull', /does not trust/]],
  ['another processor', pulling('no match for platform in manifest'), ['ErrImagePull', /not for the processor/]],
  ['a full disk', pulling('write /var/lib: no space left on device'), ['ErrImagePull', /disk of the node is full/]],
  [
    'the cause stands in an event only',
    factsOf({ state: waiting('ImagePullBackOff', 'Back-off pulling image "registry.example/app:1"') }, [
      event('Failed', 'Failed to pull image "registry.example/app:1": not found'),
    ]),
    ['ImagePullBackOff', /^Failed to pull image .*: not found$/m, /no image of this name/],
  ],
  [
    'a name that says 404 of itself',
    factsOf({
      app: { image: 'r.example/unauthorized:404' },
      state: waiting('ErrImagePull', 'r.example/unauthorized:404: EOF'),
    }),
    ['ErrImagePull', /cannot reach/],
  ],
  ['a name that is none', factsOf({ state: waiting('InvalidImageName') }), ['InvalidImageName', /no name of an image/]],
  ['pulled never', factsOf({ state: waiting('ErrImageNeverPull') }), ['ErrImageNeverPull', /imagePullPolicy is Never/]],
];

const scheduling: Row[] = [
  [
    'no room',
    unscheduled(
      '0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available: untolerated taint.',
      {
        app: { resources: { requests: { memory: '4Ti' } } },
      },
    ),
    ['Unschedulable', /^0\/3 nodes are available/m, /enough memory free: container app requests 4Ti\.$/m],
  ],
  [
    'a device of another name',
    unscheduled('0/1 nodes are available: 1 Insufficient nvidia.com/gpu.'),
    ['Unschedulable', /enough nvidia\.com\/gpu free/],
  ],
  [
    'a taint and a selector',
    unscheduled(
      "0/2 nodes are available: 1 node(s) had untolerated taint {a: b}, 1 node(s) didn't match Pod's node affinity/selector.",
    ),
    ['Unschedulable', /does not tolerate/, /nodeSelector/, /Add a toleration/],
  ],
  [
    'no claim',
    unscheduled('persistentvolumeclaim "data" not found'),
    ['Unschedulable', /PersistentVolumeClaim .* missing/],
  ],
  [
    'a claim without volume',
    unscheduled('pod has unbound immediate PersistentVolumeClaims'),
    ['Unschedulable', /no volume yet/],
  ],
  [
    'a gate',
    factsOf({
      spec: { nodeName: '', schedulingGates: [{ name: 'example.com/quota' }] },
      status: { conditions: [condition('PodScheduled', 'SchedulingGated', 'blocked') as never] },
      state: null,
    }),
    ['SchedulingGated', /example\.com\/quota/],
  ],
  [
    'no scheduler',
    factsOf({ spec: { nodeName: '', schedulerName: 'other' }, status: { phase: 'Pending' }, state: null }),
    ['NotScheduled', /scheduler other has not looked/],
  ],
];

const crashes: Row[] = [
  [
    'an own code',
    factsOf({ state: looping(3) }),
    ['CrashLoopBackOff', /exit code 3 \(Error\), after 2s, 1m10s ago, 4 restarts/],
  ],
  ['code 0', factsOf({ state: looping(0, 'Completed') }), ['CrashLoopBackOff', /without an error/, /must go on/]],
  [
    'no command',
    factsOf({ state: looping(127) }),
    ['CrashLoopBackOff', /command was not found/, /Correct command or args/],
  ],
  ['not executable', factsOf({ state: looping(126) }), ['CrashLoopBackOff', /not executable/]],
  ['a bad pointer', factsOf({ state: looping(139) }), ['CrashLoopBackOff', /SIGSEGV/]],
  ['killed', factsOf({ state: looping(137) }), ['CrashLoopBackOff', /SIGKILL/]],
  ['asked to end', factsOf({ state: looping(143) }), ['CrashLoopBackOff', /SIGTERM/]],
  [
    'before the back-off',
    factsOf({ state: { ready: false, state: { terminated: { exitCode: 3, finishedAt: before(1) } } } }),
    ['ContainerEnded', /has ended/],
  ],
  [
    'between two ends',
    factsOf({
      state: {
        restartCount: 3,
        state: { running: { startedAt: before(1) } },
        lastState: { terminated: { exitCode: 1, finishedAt: before(21) } },
      },
    }),
    ['CrashLoopBackOff', /ends again and again/],
  ],
  [
    'it runs again',
    factsOf({ state: { restartCount: 1, lastState: { terminated: { exitCode: 1, finishedAt: before(900) } } } }),
    ['Restarted', /runs now, and was restarted 1 time$/m, /--previous/],
  ],
  [
    'out of memory',
    factsOf({ app: { resources: { limits: { memory: '16Mi' } } }, state: looping(137, 'OOMKilled') }),
    ['OOMKilled', /memory limit 16Mi, CrashLoopBackOff/, /used all of the 16Mi/],
  ],
  ['out of memory of the node', factsOf({ state: looping(137, 'OOMKilled') }), ['OOMKilled', /no limit of its own/]],
  [
    'no such program',
    factsOf({
      state: looping(128, 'StartError', {
        lastState: {
          terminated: { exitCode: 128, reason: 'StartError', message: 'exec: "/x": no such file or directory' },
        },
      }),
    }),
    ['StartError', /command of container app does not exist in its image registry\.example\/app:1/],
  ],
  [
    'no secret',
    factsOf({ state: waiting('CreateContainerConfigError', 'secret "db-login" not found') }),
    ['CreateContainerConfigError', /secret db-login, which does not exist in namespace shop/],
  ],
  [
    'no key',
    factsOf({ state: waiting('CreateContainerConfigError', "couldn't find key a in Secret shop/b") }),
    ['CreateContainerConfigError', /does not have the key/],
  ],
  [
    'root',
    factsOf({ state: waiting('CreateContainerConfigError', 'container has runAsNonRoot and image will run as root') }),
    ['CreateContainerConfigError', /must not run as root/],
  ],
];

const setUp: Row[] = [
  [
    'no secret for a volume',
    creating(podEvent('FailedMount', 'MountVolume.SetUp failed for volume "s" : secret "none" not found')),
    ['FailedMount', /\(3 times\)/, /volume is made of secret none, which does not exist/],
  ],
  [
    'a volume elsewhere',
    creating(podEvent('FailedAttachVolume', 'Multi-Attach error for volume')),
    ['FailedAttachVolume', /another node/],
  ],
  [
    'no network',
    creating(podEvent('FailedCreatePodSandBox', 'no addresses left')),
    ['FailedCreatePodSandBox', /network plugin/],
  ],
];

const initContainers: Row[] = [
  [
    'it runs on',
    factsOf(initState({ state: { running: { startedAt: before(300) } } })),
    [
      'InitContainerRuns',
      /Init container wait has run for 5m and has not ended/,
      /init container 2 of 2; these wait for it: app/,
    ],
  ],
  [
    'it crashes',
    factsOf(initState(looping(1))),
    ['CrashLoopBackOff', /Init container wait ends again and again/, /containers behind it do not start before/],
  ],
  [
    'a sidecar does not start',
    factsOf({
      spec: { initContainers: [{ name: 'proxy', restartPolicy: 'Always' }] },
      state: waiting('PodInitializing'),
      status: {
        initContainerStatuses: [{ name: 'proxy', started: false, state: { running: { startedAt: before(90) } } }],
      },
    }),
    ['SidecarNotStarted', /Sidecar proxy has run for 1m30s/],
  ],
];

const probes: Row[] = [
  [
    'readiness: another path',
    factsOf({ app: { readinessProbe: probe, ports: [{ containerPort: 9090 }] }, state: unready }, [
      event('Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 404'),
    ]),
    [
      'ReadinessProbeFails',
      /^3 times, 30s ago: Readiness probe failed: HTTP probe failed with statuscode: 404$/m,
      /GET :8080\/healthz every 5s, timeout 1s/,
      /nothing at the path/,
      /declares port 9090, and the probe asks port 8080/,
    ],
  ],
  [
    'liveness: the kubelet ends it',
    factsOf({ app: { livenessProbe: { tcpSocket: { port: 'http' } } }, state: looping(0, 'Completed') }, [
      event('Unhealthy', 'Liveness probe failed: dial tcp 10.0.0.7:81: connect: connection refused', {
        lastTimestamp: before(72),
      }),
      event('Killing', 'Container app failed liveness probe, will be restarted', { lastTimestamp: before(72) }),
    ]),
    ['LivenessProbeFails', /Nothing listens at that port/, /failed liveness probe/, /starts it again \(4 restarts\)/],
  ],
  [
    'startup: too slow',
    factsOf({ app: { startupProbe: probe }, state: { ready: false, started: false } }, [
      event('Unhealthy', 'Startup probe failed: context deadline exceeded'),
    ]),
    ['StartupProbeFails', /does not come in time/, /does not count as started/],
  ],
  [
    'readiness, and the events are gone',
    factsOf({ app: { readinessProbe: probe }, state: unready }),
    ['NotReady', /its readiness probe has not succeeded/],
  ],
  [
    'an end of its own with a kill of another time',
    factsOf({ app: { livenessProbe: probe }, state: looping(3) }, [
      event('Unhealthy', 'Liveness probe failed: timeout', { lastTimestamp: before(3000) }),
      event('Killing', 'Container app failed liveness probe, will be restarted', { lastTimestamp: before(3000) }),
    ]),
    ['CrashLoopBackOff', /exit code 3/],
  ],
];

const wholePods: Row[] = [
  [
    'a finalizer',
    factsOf({
      metadata: { deletionTimestamp: before(120), deletionGracePeriodSeconds: 30, finalizers: ['example.com/held'] },
      status: { phase: 'Failed' },
      state: { ready: false, state: { terminated: { exitCode: 137, reason: 'Error' } } },
    }),
    ['HeldByFinalizer', /has been Terminating for 2m30s/, /finalizers example\.com\/held/, /Its containers have ended/],
  ],
  [
    'in its grace period',
    factsOf({ metadata: { deletionTimestamp: before(-20), deletionGracePeriodSeconds: 30 } }),
    ['Terminating', /has been Terminating for 10s/, /still running: app/, /have 20s left/],
  ],
  [
    'beyond its grace period',
    factsOf({ metadata: { deletionTimestamp: before(600), deletionGracePeriodSeconds: 30 } }),
    ['TerminatingLate', /node does not answer/],
  ],
  [
    'evicted for its volume',
    ended('Evicted', 'Usage of EmptyDir volume "data" exceeds the limit "1Mi". '),
    ['Evicted', /EmptyDir volume "data" exceeds the limit "1Mi"/, /than its sizeLimit/],
  ],
  [
    'evicted for memory',
    ended('Evicted', 'The node was low on resource: memory.'),
    ['Evicted', /more than it requests/],
  ],
  [
    'out of time',
    ended('DeadlineExceeded', 'Pod was active on the node'),
    ['DeadlineExceeded', /activeDeadlineSeconds/],
  ],
  [
    'failed by its container',
    ended(undefined, '', { state: { ready: false, state: { terminated: { exitCode: 1, reason: 'Error' } } } }),
    ['PodFailed', /Container app ended with exit code 1: the program reports/],
  ],
  [
    'finished',
    factsOf({ status: { phase: 'Succeeded' }, state: { ready: false, state: { terminated: { exitCode: 0 } } } }),
    ['PodSucceeded', /without an error/],
  ],
  [
    'a readiness gate',
    factsOf({
      spec: { readinessGates: [{ conditionType: 'example.com/lb' }] },
      status: { conditions: [{ type: 'ContainersReady', status: 'True' }] },
    }),
    ['ReadinessGateOpen', /example\.com\/lb/],
  ],
  [
    'a node that does not answer',
    factsOf({}, [], {
      node: { metadata: { name: 'node-1' }, status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } },
    }),
    ['NodeNotReady', /Node node-1 does not answer/],
  ],
  [
    'the same by an event',
    factsOf({}, [podEvent('NodeNotReady', 'Node is not ready')]),
    ['NodeNotReady', /does not answer/],
  ],
  [
    'a node without memory',
    factsOf({}, [], {
      node: { metadata: { name: 'node-1' }, status: { conditions: [{ type: 'MemoryPressure', status: 'True' }] } },
    }),
    ['NodePressure', /MemoryPressure True/],
  ],
];

describe('of a pod', () => {
  it.each<Row>([...image, ...scheduling, ...crashes, ...setUp, ...initContainers, ...probes, ...wholePods])(
    'triage has one finding for a pod: %s',
    (_, facts, [kind, ...words]) => {
      const found = findings(facts);
      const [first] = found;
      expect(first?.kind).toBe(kind);
      const said = [first?.title, ...(first?.seen ?? []), first?.means, ...(first?.todo ?? [])].join('\n');
      for (const word of words) expect(said).toMatch(word);
      // One cause is one finding.
      expect(found.map((one) => one.kind)).toHaveLength(1);
    },
  );

  it.each<[string, PodFacts]>([
    ['a pod that is well', factsOf()],
    [
      'a probe that failed while the container started',
      factsOf({ app: { readinessProbe: probe } }, [event('Unhealthy', 'Readiness probe failed: connection refused')]),
    ],
    [
      'an init container that has done its part',
      factsOf({ ...initState({ state: { terminated: { exitCode: 0 } } }), state: {} }),
    ],
    ['a mount that has succeeded since', factsOf({}, [podEvent('FailedMount', 'timed out')])],
    [
      'a container that may end and did',
      factsOf({
        spec: { restartPolicy: 'OnFailure' },
        state: { ready: false, state: { terminated: { exitCode: 0 } } },
      }),
    ],
  ])('triage has no finding for %s', (_, facts) => {
    expect(findings(facts)).toEqual([]);
  });

  it('triage names the gravest finding first', () => {
    const facts = factsOf({ state: looping(1) }, [], {
      node: { metadata: { name: 'node-1' }, status: { conditions: [{ type: 'DiskPressure', status: 'True' }] } },
    });
    expect(findings(facts).map(({ kind }) => kind)).toEqual(['CrashLoopBackOff', 'NodePressure']);
  });
});

describe('of a workload without a pod', () => {
  const deployment = { kind: 'Deployment', metadata: { name: 'web', namespace: 'shop' } };
  const failing = (message: string): Facts => ({
    now: 0,
    namespace: 'shop',
    events: [],
    logs: [],
    workloads: [
      {
        ...deployment,
        status: { conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message }] },
      },
    ],
  });
  it.each<[string, Facts, Expected]>([
    [
      'a quota',
      failing('pods "web-1" is forbidden: exceeded quota: small'),
      ['FailedCreate', /quota .* leaves no room/],
    ],
    ['a level', failing('violates PodSecurity "restricted:latest"'), ['FailedCreate', /Pod Security level/]],
    ['a webhook', failing('admission webhook "x" denied the request: no'), ['FailedCreate', /webhook .* refuses/]],
    ['an account', failing('error looking up service account shop/x: not found'), ['FailedCreate', /does not exist/]],
    [
      'a StatefulSet, by its event',
      {
        ...failing(''),
        workloads: [{ kind: 'StatefulSet', metadata: { name: 'db' } }],
        events: [
          { isWarning: true, reason: 'FailedCreate', message: 'exceeded quota', count: 12, about: 'statefulset db' },
        ],
      },
      ['FailedCreate', /^StatefulSet db cannot create a pod$/m, /said 12 times/],
    ],
    [
      'scaled to 0',
      { ...failing(''), workloads: [{ ...deployment, spec: { replicas: 0 } }] },
      ['ScaledToZero', /scaled to 0/, /--replicas=1/],
    ],
    [
      'a Job that gave up',
      {
        ...failing(''),
        workloads: [
          {
            kind: 'Job',
            metadata: { name: 'import' },
            spec: { backoffLimit: 2 },
            status: { conditions: [{ type: 'Failed', status: 'True', reason: 'BackoffLimitExceeded' }] },
          },
        ],
      },
      ['BackoffLimitExceeded', /backoffLimit \(2\)/],
    ],
    [
      'a rollout that stands still',
      {
        ...failing(''),
        workloads: [
          {
            ...deployment,
            status: { conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }] },
          },
        ],
      },
      ['ProgressDeadlineExceeded', /kubectl rollout undo deployment\/web -n shop/],
    ],
  ])('triage has one finding for a workload without a pod: %s', (_, facts, [kind, ...words]) => {
    const [first, ...others] = findings(facts);
    expect(first?.kind).toBe(kind);
    const said = [first?.title, ...(first?.seen ?? []), first?.means, ...(first?.todo ?? [])].join('\n');
    for (const word of words) expect(said).toMatch(word);
    expect(others).toEqual([]);
  });
});
