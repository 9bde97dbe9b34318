import { describe, expect, it } from '@jest/globals';
import type { Allowance, DebugPolicySpec } from '../../../src/api/debugpolicy.ts';
import type { Pod } from '../../../src/api/pod.ts';
import { BUILT_IN_POLICY } from '../../../src/policy/built-in.ts';
import { type Asked, evaluate, stillAllows, ttlOf, wishesOf } from '../../../src/policy/evaluate.ts';
import { aPod, aSession } from '../../support/builders/builders.ts';
import { OPEN_POLICY as OPEN } from '../../support/builders/open-policy.ts';

function asking(spec: object = {}, more: Partial<Asked> = {}): Asked {
  const namespace = { name: 'shop', isSystem: false, labels: { team: 'shop' } };
  return { spec: aSession(spec).spec, namespace, pod: aPod(), ...more };
}

/** The same question, before a pod was chosen. */
function withoutPod({ spec, namespace }: Asked): Asked {
  return { spec, namespace };
}

function withoutAllow(policy: DebugPolicySpec): DebugPolicySpec {
  const rest = { ...policy };
  delete rest.allow;
  return rest;
}

const inPod = (change: (pod: Pod) => void): Partial<Asked> => ({ pod: aPod(change) });

describe('allow', () => {
  const table: [Allowance, string, Asked, string][] = [
    [
      'TargetContainer',
      'a target container',
      asking({ target: { podName: 'web-1', containerName: 'app' } }),
      'target.containerName app',
    ],
    [
      'TargetContainer',
      'a pod with a shared process namespace',
      asking(
        {},
        inPod((pod) => (pod.spec.shareProcessNamespace = true)),
      ),
      'pod web-1, which shares its process namespace,',
    ],
    ['Env', 'a variable', asking({ env: [{ name: 'A', value: '1' }] }), 'env A'],
    ['Env', 'a variable without a value', asking({ env: [{ name: 'A' }] }), 'env A'],
    [
      'SecretEnv',
      'a variable out of a secret',
      asking({ env: [{ name: 'B', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }),
      'env B with valueFrom',
    ],
    [
      'SecretEnv',
      'the variables of a secret',
      asking({ envFrom: [{ secretRef: { name: 'db' } }, { configMapRef: { name: 'c' } }] }),
      'envFrom of db, c',
    ],
    [
      'SecurityContext',
      'a securityContext',
      asking({ securityContext: { runAsUser: 0 } }),
      'securityContext with runAsUser',
    ],
    [
      'VolumeMounts',
      'a volume',
      asking({ volumeMounts: [{ name: 'data', mountPath: '/data' }] }),
      'volumeMounts of data',
    ],
    ['SupervisorNone', 'a session without a supervisor', asking({ supervisor: 'None' }), 'supervisor None'],
    ['EvictPod', 'an eviction at the end', asking({ ifUnstoppable: 'EvictPod' }), 'ifUnstoppable EvictPod'],
    ['EvictPod', 'an eviction after the end', asking({ podAfterSession: 'Evict' }), 'podAfterSession Evict'],
    ['Attachers', 'attachers', asking({ attachers: [{ kind: 'Group', name: 'team-shop' }] }), 'attachers team-shop'],
    [
      'PrivilegedPods',
      'a privileged pod',
      asking(
        {},
        inPod((pod) => (pod.spec.privileged = true)),
      ),
      'pod web-1, which has a privileged container,',
    ],
    [
      'HostPods',
      'hostPID',
      asking(
        {},
        inPod((pod) => (pod.spec.hostPID = true)),
      ),
      'pod web-1 with hostPID',
    ],
    [
      'HostPods',
      'hostIPC',
      asking(
        {},
        inPod((pod) => (pod.spec.hostIPC = true)),
      ),
      'pod web-1 with hostIPC',
    ],
    [
      'HostPods',
      'hostNetwork',
      asking(
        {},
        inPod((pod) => (pod.spec.hostNetwork = true)),
      ),
      'pod web-1 with hostNetwork',
    ],
    [
      'SystemNamespaces',
      'a system namespace',
      asking({}, { namespace: { name: 'kube-system', isSystem: true } }),
      'the system namespace kube-system',
    ],
  ];

  it.each(table)('%s in allow permits %s', (allowance, _, asked, what) => {
    const others = (OPEN.allow ?? []).filter((other) => other !== allowance);
    expect(evaluate({ ...OPEN, allow: [allowance] }, asked)).toEqual([]);
    expect(evaluate({ ...OPEN, allow: others }, asked)).toEqual([
      expect.stringContaining(`${what} needs ${allowance} in allow (allow: ${others.slice(0, 3).join(', ')}`),
    ]);
    expect(evaluate(withoutAllow(OPEN), asked)).toEqual([`${what} needs ${allowance} in allow (allow: none)`]);
  });

  it('a session may ask for an eviction that its policy demands', () => {
    const both = asking({ ifUnstoppable: 'EvictPod', podAfterSession: 'Evict' });
    const policy = { ...OPEN, allow: [] };
    expect(evaluate({ ...policy, onUnstoppable: 'EvictPod', podAfterSession: 'Evict' }, both)).toEqual([]);
    expect(evaluate({ ...policy, onUnstoppable: 'EvictPod', podAfterSession: 'Keep' }, both)).toEqual([
      expect.stringContaining('podAfterSession Evict needs EvictPod'),
    ]);
    expect(evaluate({ ...policy, onUnstoppable: 'Report', podAfterSession: 'Evict' }, both)).toEqual([
      expect.stringContaining('ifUnstoppable EvictPod needs EvictPod'),
    ]);
  });

  it('the table of allowances has a row for every allowance', () => {
    expect(new Set(table.map(([allowance]) => allowance))).toEqual(new Set(OPEN.allow));
  });

  it('a session that asks for nothing needs nothing in allow', () => {
    const nothing = {
      env: [],
      envFrom: [],
      volumeMounts: [],
      attachers: [],
      securityContext: {},
      supervisor: 'Shell',
      ifUnstoppable: 'Report',
      podAfterSession: 'Keep',
    };
    expect(evaluate({ ...OPEN, allow: [] }, asking(nothing))).toEqual([]);
  });

  it('evaluate does not judge a pod that is not chosen yet', () => {
    const policy: DebugPolicySpec = { ...OPEN, allow: [], podSelector: { matchLabels: { app: 'web' } } };
    expect(evaluate(policy, withoutPod(asking()))).toEqual([]);
  });

  it('a plain variable and a variable of a secret need an allowance each', () => {
    const env = [
      { name: 'A', value: '1' },
      { name: 'B', valueFrom: { secretKeyRef: {} } },
    ];
    expect(evaluate({ ...OPEN, allow: [] }, asking({ env }))).toHaveLength(2);
  });
});

describe('a pod with a container that amounts to the node', () => {
  const nodePower = 'capability SYS_ADMIN';
  const agent = { name: 'agent', nodePower };
  const closed = { ...OPEN, allow: [] };
  const said = [
    'pod web-1, whose container agent has capability SYS_ADMIN, needs PrivilegedPods in allow (allow: none)',
  ];

  it.each<[string, (pod: Pod) => void]>([
    ['a container', (pod) => pod.spec.containers.push(agent)],
    ['an init container that runs on', (pod) => (pod.spec.initContainers = [{ ...agent, restartPolicy: 'Always' }])],
  ])('a pod with %s that amounts to the node needs PrivilegedPods', (_, change) => {
    expect(evaluate(closed, asking({}, inPod(change)))).toEqual(said);
    expect(evaluate({ ...OPEN, allow: ['PrivilegedPods'] }, asking({}, inPod(change)))).toEqual([]);
  });

  it('an init container that has power over the node needs PrivilegedPods only for a session that joins it', () => {
    const pod = aPod(({ spec }) => (spec.initContainers = [{ name: 'other' }, agent]));
    const policy: DebugPolicySpec = { ...OPEN, allow: ['TargetContainer'] };
    const joining = (containerName: string): string[] =>
      evaluate(policy, asking({ target: { podName: 'web-1', containerName } }, { pod }));
    expect(evaluate(closed, asking({}, { pod }))).toEqual([]);
    expect(joining('app')).toEqual([]);
    expect(joining('other')).toEqual([]);
    expect(joining('agent')).toEqual([
      expect.stringContaining('whose container agent has capability SYS_ADMIN, needs'),
    ]);
    pod.spec.shareProcessNamespace = true;
    expect(evaluate(policy, asking({}, { pod }))).toEqual([expect.stringContaining('needs PrivilegedPods')]);
  });

  it('evaluate names one container of a pod that amounts to the node', () => {
    const pod = aPod(({ spec }) => (spec.containers = [agent, { name: 'other', nodePower: 'volumeDevices' }]));
    expect(evaluate(closed, asking({}, { pod }))).toEqual(said);
    pod.spec.privileged = true;
    expect(evaluate(closed, asking({}, { pod }))).toEqual([
      expect.stringContaining('has a privileged container, needs'),
    ]);
  });
});

describe('volumes of the pod', () => {
  const volumes = [
    { name: 'data', mounted: true, writable: true as const },
    { name: 'settings', mounted: true },
    { name: 'spare', mounted: false },
    { name: 'disk', mounted: true, writable: true as const, hostPath: true as const },
    { name: 'logs', mounted: true, hostPath: true as const },
  ];
  const pod = aPod(({ spec }) => (spec.volumes = volumes));
  const mounting = (readOnly: boolean | undefined, ...names: string[]): Asked =>
    asking({ volumeMounts: names.map((name) => ({ name, mountPath: `/${name}`, readOnly })) }, { pod });
  const readOnlyOf = (names: string): string =>
    `volumeMounts of ${names} without readOnly needs readOnly: true, whatever is in allow, because no container of pod web-1 mounts that read-write`;

  it.each([true, false])(
    'a mount of a volume of the node needs HostPods beside VolumeMounts, with readOnly: %s',
    (readOnly) => {
      const asked = mounting(readOnly, 'data', 'disk');
      expect(evaluate({ ...OPEN, allow: ['VolumeMounts'] }, asked)).toEqual([
        'volumeMounts of disk with hostPath needs HostPods in allow (allow: VolumeMounts)',
      ]);
      expect(evaluate({ ...OPEN, allow: ['HostPods'] }, asked)).toEqual([
        'volumeMounts of data, disk needs VolumeMounts in allow (allow: HostPods)',
      ]);
      expect(evaluate({ ...OPEN, allow: ['VolumeMounts', 'HostPods'] }, asked)).toEqual([]);
    },
  );

  it('a mount of a volume of the node that no container mounts needs HostPods', () => {
    const bare = aPod(({ spec }) => (spec.volumes = [{ name: 'disk', mounted: false, hostPath: true }]));
    const asked = { ...mounting(true, 'disk'), pod: bare };
    expect(evaluate({ ...OPEN, allow: ['VolumeMounts'] }, asked)).toEqual([expect.stringContaining('needs HostPods')]);
  });

  it.each([undefined, false])(
    'evaluate refuses a mount with readOnly: %s of a volume that the containers only read',
    (readOnly) => {
      expect(evaluate(OPEN, mounting(readOnly, 'data', 'settings', 'logs'))).toEqual([readOnlyOf('settings, logs')]);
      expect(evaluate(OPEN, mounting(true, 'data', 'settings', 'logs'))).toEqual([]);
    },
  );

  it('evaluate judges each mount of a volume that the spec mounts twice', () => {
    const volumeMounts = [
      { name: 'settings', mountPath: '/a', readOnly: true },
      { name: 'settings', mountPath: '/b' },
    ];
    expect(evaluate(OPEN, asking({ volumeMounts }, { pod }))).toEqual([readOnlyOf('settings')]);
  });

  it('evaluate leaves a volume that no container mounts to the preflight', () => {
    expect(evaluate(OPEN, mounting(false, 'spare', 'none'))).toEqual([]);
    expect(evaluate(OPEN, { ...mounting(false, 'data'), pod: aPod() })).toEqual([]);
    expect(evaluate(OPEN, withoutPod(mounting(false, 'settings', 'disk')))).toEqual([]);
  });

  it('a run records the allowances for its volumes, and their loss revokes it', () => {
    const asked = mounting(true, 'disk');
    const allowances = wishesOf(asked.spec, pod);
    expect(allowances).toEqual(['VolumeMounts', 'HostPods']);
    expect(wishesOf(mounting(true, 'data').spec, pod)).toEqual(['VolumeMounts']);
    const run = { image: 'busybox', profile: 'general' as const, ttl: '1m', allowances, meets: [] };
    expect(stillAllows(OPEN, run, asked)).toBe(true);
    expect(stillAllows({ ...OPEN, allow: ['VolumeMounts'] }, run, asked)).toBe(false);
  });
});

describe('images and profiles', () => {
  it.each([
    [{ images: ['docker.io/library/busybox:*'] }, { image: 'busybox' }],
    [{ images: ['registry.example/x:1', 'docker.io/library/busybox:*'] }, { image: 'busybox' }],
    [{ profiles: ['general'] }, {}],
    [{ profiles: ['netadmin'] }, { profile: 'netadmin' }],
  ] as [DebugPolicySpec, object][])('the policy %j allows %j', (policy, spec) => {
    expect(evaluate({ ...OPEN, ...policy }, asking(spec))).toEqual([]);
  });

  it.each([
    [
      { images: ['docker.io/library/alpine:*', 'docker.io/library/debian:*'] },
      { image: 'busybox' },
      'image docker.io/library/busybox:latest is not allowed (allowed: docker.io/library/alpine:*, docker.io/library/debian:*)',
    ],
    [
      { images: ['*/**:*'] },
      { image: 'registry.example:5000/tools/net:1' },
      'image registry.example:5000/tools/net:1 is not allowed (allowed: */**:*); a pattern has to name the port of a registry, as in registry.example:5000/**:*',
    ],
    [
      { images: ['docker.io/**:*', 'registry.example/**:*'] },
      { image: 'registry.example:5000/tools/net:1' },
      'image registry.example:5000/tools/net:1 is not allowed (allowed: docker.io/**:*, registry.example/**:*); a pattern has to name the port of a registry, as in registry.example:5000/**:*',
    ],
    [
      { images: ['docker.io/**:*'] },
      { image: 'registry.example:5000/tools/net:1' },
      'image registry.example:5000/tools/net:1 is not allowed (allowed: docker.io/**:*)',
    ],
    [
      { images: undefined },
      { image: 'busybox' },
      'image docker.io/library/busybox:latest is not allowed (allowed: none)',
    ],
    [
      {},
      { image: 'Busybox' },
      'image Busybox is not understood: its path is not made of lower-case letters, digits and single separators',
    ],
    [{ profiles: ['restricted'] }, {}, 'profile general is not allowed (allowed: restricted)'],
    [{ profiles: undefined }, { profile: 'sysadmin' }, 'profile sysadmin is not allowed (allowed: none)'],
  ] as [DebugPolicySpec, object, string][])('the policy %j refuses %j', (policy, spec, reason) => {
    expect(evaluate({ ...OPEN, ...policy }, asking(spec))).toEqual([reason]);
  });
});

describe('ttl', () => {
  it.each([
    [{}, { default: '30m', max: '4h' }],
    [undefined, { default: '30m', max: '4h' }],
    [{ max: '10m' }, { default: '10m', max: '10m' }],
    [{ max: '8h' }, { default: '30m', max: '8h' }],
    [{ default: '2h' }, { default: '2h', max: '4h' }],
    [
      { default: '5m', max: '1h' },
      { default: '5m', max: '1h' },
    ],
  ])('the ttl %j of a policy takes effect as %j', (ttl, effective) => {
    expect(ttlOf(ttl === undefined ? {} : { ttl })).toEqual(effective);
  });

  it.each([
    [{ max: '1h' }, '60m', []],
    [{ max: '1h' }, '3600s1ms', ['ttl 3600s1ms is longer than ttl.max (1h)']],
    [{}, '4h', []],
    [{}, '5h', ['ttl 5h is longer than ttl.max (4h)']],
    [{ max: '1m' }, undefined, []],
    [{ default: '2h', max: '1h' }, undefined, ['ttl 2h is longer than ttl.max (1h)']],
    [{ max: 'for ever' }, '1s', ['ttl 1s is longer than ttl.max (for ever)']],
    [{ max: '8760h' }, 'long', ['ttl long is longer than ttl.max (8760h)']],
  ])('a policy with ttl %j answers a session with ttl %s with the reasons %j', (bounds, ttl, reasons) => {
    expect(evaluate({ ...OPEN, ttl: bounds }, asking({ ttl }))).toEqual(reasons);
  });
});

describe('required fields', () => {
  it.each([undefined, '', '  \n', '\u202e\u200b'])(
    'requireJustification refuses the justification %j',
    (justification) => {
      expect(evaluate({ ...OPEN, requireJustification: true }, asking({ justification }))).toEqual([
        'justification is empty, and requireJustification demands one',
      ]);
      expect(evaluate({ ...OPEN, requireJustification: false }, asking({ justification }))).toEqual([]);
    },
  );

  it('requireNotAfter refuses a session without notAfter', () => {
    const policy = { ...OPEN, requireNotAfter: true };
    expect(evaluate(policy, asking())).toEqual(['notAfter is not set, and requireNotAfter demands it']);
    expect(evaluate(policy, asking({ notAfter: '2026-12-01T00:00:00Z' }))).toEqual([]);
    expect(evaluate({ ...policy, requireJustification: true }, asking({ justification: 'INC-1' }))).toHaveLength(1);
  });
});

describe('selectors', () => {
  const namespaceSelector = { matchLabels: { team: 'shop' } };
  const podSelector = { matchExpressions: [{ key: 'app', operator: 'In' as const, values: ['web'] }] };

  it('namespaceSelector refuses a namespace with other labels', () => {
    expect(evaluate({ ...OPEN, namespaceSelector }, asking())).toEqual([]);
    const namespace = { name: 'bank', isSystem: false, labels: { team: 'bank' } };
    expect(evaluate({ ...OPEN, namespaceSelector }, asking({}, { namespace }))).toEqual([
      'namespace bank does not match namespaceSelector (team=shop)',
    ]);
  });

  it.each([namespaceSelector, {}])('the namespaceSelector %j refuses a namespace with unknown labels', (selector) => {
    const namespace = { name: 'shop', isSystem: false };
    expect(evaluate({ ...OPEN, namespaceSelector: selector }, asking({}, { namespace }))).toEqual([
      'the labels of namespace shop are not known, and namespaceSelector needs them',
    ]);
    expect(evaluate(OPEN, asking({}, { namespace }))).toEqual([]);
  });

  it('podSelector refuses a pod with other labels', () => {
    expect(
      evaluate(
        { ...OPEN, podSelector },
        asking(
          {},
          inPod((pod) => (pod.metadata.labels = { app: 'web' })),
        ),
      ),
    ).toEqual([]);
    expect(evaluate({ ...OPEN, podSelector }, asking())).toEqual([
      'pod web-1 does not match podSelector (app In (web))',
    ]);
  });

  it('namespaceSelector does not open a system namespace', () => {
    const namespace = { name: 'kube-system', isSystem: true, labels: { team: 'shop' } };
    expect(evaluate({ ...OPEN, namespaceSelector, allow: [] }, asking({}, { namespace }))).toHaveLength(1);
  });
});

describe('evaluate', () => {
  it('the built-in policy allows a shell beside an application', () => {
    const spec = {
      image: 'busybox:1.36',
      target: { podName: 'web-1', containerName: 'app' },
      ttl: '4h',
      env: [{ name: 'A' }],
    };
    expect(evaluate(BUILT_IN_POLICY, asking(spec))).toEqual([]);
  });

  it('an empty policy refuses everything', () => {
    expect(evaluate({}, asking())).toHaveLength(2);
    expect(evaluate({ images: [], profiles: [] }, asking())).toHaveLength(2);
  });

  it('evaluate names every reason, and not only the first', () => {
    const spec = {
      image: 'evil.example/x',
      profile: 'sysadmin',
      ttl: '5h',
      supervisor: 'None',
      securityContext: { privileged: true },
    };
    expect(
      evaluate(
        BUILT_IN_POLICY,
        asking(
          spec,
          inPod((pod) => (pod.spec.hostPID = true)),
        ),
      ),
    ).toHaveLength(6);
  });

  it('evaluate puts each reason on one printable line of bounded length', () => {
    const evil = `\u001b[31m\n\r\u2028\u202e${'x'.repeat(2000)}`;
    const spec = {
      target: { podName: 'web-1', containerName: evil },
      image: evil,
      profile: evil,
      ttl: evil,
      env: [{ name: evil }],
      securityContext: { [evil]: true },
      attachers: [{ kind: 'User', name: evil }],
      volumeMounts: [{ name: evil, mountPath: '/x' }],
    };
    const policy = {
      images: [evil],
      profiles: [evil],
      ttl: { max: evil },
      allow: [evil],
    } as unknown as DebugPolicySpec;
    const pod = aPod(({ metadata, spec: made }) => {
      metadata.name = evil;
      made.hostPID = true;
      made.containers = [{ name: evil, nodePower: 'capability DAC_READ_SEARCH' }];
      made.volumes = [{ name: evil, mounted: true, hostPath: true }];
    });
    const reasons = evaluate(policy, asking(spec, { namespace: { name: evil, isSystem: true }, pod }));
    expect(reasons.length).toBeGreaterThan(11);
    for (const reason of reasons) {
      expect(reason).toMatch(/^[\x20-\x7e]+$/);
      expect(reason.length).toBeLessThanOrEqual(500);
    }
  });
});
