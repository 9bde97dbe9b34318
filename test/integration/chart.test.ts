import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { kubectl } from '../support/cluster/api-server.ts';
import { ConfigCopy } from '../support/cluster/config-copy.ts';
import { CHART, Helm } from '../support/cluster/helm.ts';
import { repositoryPath } from '../support/documents/crd.ts';

// charts/debugsession says the same as config/. Helm renders the one, kustomize the other, and each object is compared
// field by field.

const NAMESPACE = 'debugsession-system';

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  [field: string]: unknown;
}

let helm: Helm;

beforeAll(async () => {
  helm = await Helm.open();
});

afterAll(() => {
  helm.close();
});

function documents(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    expect(document.errors).toEqual([]);
    const manifest = document.toJS() as Manifest | null;
    return manifest === null ? [] : [manifest];
  });
}

/** What Helm would send, without what only `helm test` sends. */
async function rendered(values: object = {}, ...more: string[]): Promise<Manifest[]> {
  const text = await helm.ok(['template', 'debugsession', CHART, '--namespace', NAMESPACE, ...more], values);
  return documents(text).filter(({ metadata }) => metadata.annotations?.['helm.sh/hook'] === undefined);
}

/** What `kubectl apply -k` would send of a copy of config/ that was edited. */
async function kustomized(edit: (copy: ConfigCopy) => void, directory = 'config/default'): Promise<Manifest[]> {
  const copy = new ConfigCopy();
  try {
    edit(copy);
    return documents(await kubectl('kustomize', copy.path(directory)));
  } finally {
    copy.remove();
  }
}

/** Takes the sign off these components in a kustomization. */
function choose(copy: ConfigCopy, components: readonly string[], directory = 'config/default'): void {
  if (components.length === 0) return;
  const list = components.map((name) => `../components/${name}`).join(', ');
  copy.edit(`${directory}/kustomization.yaml`, (text) => `${text}components: [${list}]\n`);
}

const CHART_LABELS = [
  'app.kubernetes.io/instance',
  'app.kubernetes.io/managed-by',
  'app.kubernetes.io/part-of',
  'app.kubernetes.io/version',
  'helm.sh/chart',
];

/** Each object by its identity, without what a chart adds by its conventions: five labels, and that CRDs are kept. */
function comparable(manifests: readonly Manifest[]): Record<string, unknown> {
  const objects = manifests.map((manifest) => {
    const { apiVersion, kind, metadata } = manifest;
    const plain = structuredClone(manifest);
    for (const label of CHART_LABELS) delete plain.metadata.labels?.[label];
    if (kind === 'CustomResourceDefinition') delete plain.metadata.annotations;
    if (kind === 'MutatingAdmissionPolicy') plain['spec'] = onSingleLines(plain['spec']);
    if (kind === 'Deployment') {
      const { template } = plain['spec'] as { template: Manifest };
      delete template.metadata.labels?.['app.kubernetes.io/instance'];
    }
    return [`${apiVersion} ${kind} ${metadata.namespace ?? ''}/${metadata.name}`, plain] as const;
  });
  expect(new Set(objects.map(([key]) => key)).size).toBe(objects.length);
  return Object.fromEntries(objects);
}

/** Kustomize writes some line breaks of a folded text twice. To CEL they are spaces. */
function onSingleLines(spec: unknown): unknown {
  return JSON.parse(JSON.stringify(spec).replaceAll('\\n\\n', '\\n')) as unknown;
}

/** Helm makes the namespace of a release by itself. */
function withoutOwnNamespace(manifests: readonly Manifest[]): Manifest[] {
  return manifests.filter(({ kind, metadata }) => kind !== 'Namespace' || metadata.name !== NAMESPACE);
}

function expectSame(chart: readonly Manifest[], config: readonly Manifest[]): void {
  expect(comparable(chart)).toEqual(comparable(withoutOwnNamespace(config)));
}

describe('objects of config/', () => {
  const values = {
    'priority-class': { priorityClass: { create: true } },
    'aggregated-roles': { rbac: { aggregate: true } },
    'without-exec': { rbac: { exec: false } },
    'without-attach': { rbac: { attach: false } },
    'before-1-36': { admission: { fillInRequester: false } },
    'labelled-scrapers': { networkPolicy: { from: [{ namespaceSelector: { matchLabels: { metrics: 'enabled' } } }] } },
    'node-stop': { nodeStop: { enabled: true } },
    pressure: { pressure: { enabled: true } },
    notify: { notify: { enabled: true } },
  };

  it('the chart without values renders the objects of config/default', async () => {
    const chart = await rendered();
    expectSame(chart, await kustomized(() => undefined));
    for (const { kind, metadata } of chart) {
      const policy = kind === 'CustomResourceDefinition' ? 'keep' : undefined;
      expect([kind, metadata.annotations?.['helm.sh/resource-policy']]).toEqual([kind, policy]);
    }
  });

  it('the chart has values for each component that config/default offers', () => {
    const text = readFileSync(repositoryPath('config/default/kustomization.yaml'), 'utf8');
    const offered = [...text.matchAll(/\.\.\/components\/(\S+)/g)].map(([, name = '']) => name);
    expect(Object.keys(values).toSorted()).toEqual(offered.toSorted());
  });

  it.each(Object.entries(values))(
    'the chart renders the same objects as config/ with the component %s',
    async (component, given) => {
      const config = await kustomized((copy) => {
        choose(copy, [component]);
      });
      expect(comparable(config)).not.toEqual(comparable(await kustomized(() => undefined)));
      expectSame(await rendered(given), config);
    },
  );

  it('the chart for Kubernetes 1.35 renders the component before-1-36 without a value', async () => {
    const config = await kustomized((copy) => {
      choose(copy, ['before-1-36']);
    });
    expectSame(await rendered({}, '--kube-version', '1.35.4'), config);
  });

  it('the chart for some namespaces renders the objects of config/namespaced', async () => {
    const config = await kustomized((copy) => {
      copy.lookAfter(['depot', 'stock']);
    }, 'config/namespaced');
    expectSame(await rendered({ namespaces: ['depot', 'stock'] }), config);
  });

  it('the chart for some namespaces renders every component together', async () => {
    const config = await kustomized((copy) => {
      copy.lookAfter(['depot', 'stock']);
      const ofRights = ['without-exec', 'without-attach'];
      choose(
        copy,
        Object.keys(values).filter((name) => !ofRights.includes(name)),
      );
      choose(copy, ofRights, 'config/namespaced');
    }, 'config/namespaced');
    const given = {
      ...Object.assign({}, ...Object.values(values)),
      rbac: { aggregate: true, exec: false, attach: false },
      namespaces: ['depot', 'stock'],
    } as object;
    expectSame(await rendered(given), config);
  });

  it('the chart renders the policy default as config/policy has it', async () => {
    const { spec } = parse(readFileSync(repositoryPath('config/policy/default-policy.yaml'), 'utf8')) as {
      spec: object;
    };
    const config = [...(await kustomized(() => undefined)), ...(await kustomized(() => undefined, 'config/policy'))];
    expectSame(await rendered({ policies: { default: spec } }), config);
  });

  it('the chart renders the objects of config/prometheus', async () => {
    const config = [
      ...(await kustomized(() => undefined)),
      ...(await kustomized(() => undefined, 'config/prometheus')),
    ];
    expectSame(await rendered({ prometheus: { enabled: true } }), config);
  });

  it('the chart renders the dashboard of config/grafana word for word', async () => {
    const before = await rendered();
    const after = await rendered({ grafana: { enabled: true } });
    const map = after.find(({ kind }) => kind === 'ConfigMap');
    expect(after.filter((manifest) => manifest !== map)).toEqual(before);
    expect(map).toMatchObject({ kind: 'ConfigMap', metadata: { labels: { grafana_dashboard: '1' } } });
    const dashboard = readFileSync(repositoryPath('config/grafana/dashboard.json'), 'utf8');
    expect(map?.['data']).toEqual({ 'debugsession.json': dashboard.trim() });
  });

  it('the chart leaves out the network policy when its value says so', async () => {
    const config = await kustomized(() => undefined);
    const closed = config.filter(({ kind }) => kind !== 'NetworkPolicy');
    expect(closed).toHaveLength(config.length - 1);
    expectSame(await rendered({ networkPolicy: { enabled: false } }), closed);
  });
});

describe('the chart', () => {
  it('the chart passes helm lint --strict without a warning', async () => {
    const { code, stdout } = await helm.run(['lint', '--strict', CHART]);
    expect([code, stdout]).toEqual([0, expect.stringContaining('1 chart(s) linted, 0 chart(s) failed')]);
    expect(stdout).not.toMatch(/WARNING|ERROR/);
  });

  it.each([
    ['an unknown value', { replica: 1 }, "'replica' not allowed"],
    ['an unknown value in a group', { image: { name: 'x' } }, "'name' not allowed"],
    ['0 replicas', { replicas: 0 }, '/replicas'],
    ['a tag with a space', { image: { tag: 'a b' } }, '/image/tag'],
    [
      'a label of the chart itself',
      { commonLabels: { 'app.kubernetes.io/name': 'x' } },
      "invalid propertyName 'app.kubernetes.io/name'",
    ],
    ['namespaces that are no list', { namespaces: 'shop' }, '/namespaces'],
  ])('the schema of the chart refuses %s', async (_, values, words) => {
    const { code, stderr } = await helm.run(['template', 'debugsession', CHART], values);
    expect([code, stderr]).toEqual([1, expect.stringContaining(words)]);
  });

  it('the chart renders each value that has no counterpart in config/', async () => {
    const spec = { nodeSelector: { disk: 'ssd' }, tolerations: [{ key: 'infra', operator: 'Exists' }] };
    const secrets = [{ name: 'registry' }];
    const digest = `sha256:${'0'.repeat(64)}`;
    const all = await rendered({
      ...spec,
      image: { repository: 'registry.example/operator', tag: '1.2.3', digest, pullPolicy: 'Always' },
      imagePullSecrets: secrets,
      replicas: 3,
      extraArgs: ['--log-level=debug'],
      extraEnv: [{ name: 'A', value: 'b' }],
      resources: { limits: { memory: '1Gi' } },
      affinity: { nodeAffinity: {} },
      podAnnotations: { note: 'x' },
      podLabels: { team: 'platform' },
      commonLabels: { team: 'ours' },
      priorityClass: { name: 'high' },
      policies: { default: {}, net: { images: ['netshoot:*'] } },
      nodeStop: { enabled: true, imagePullSecrets: secrets },
      prometheus: { enabled: true, labels: { release: 'kube' } },
      crds: { keep: false },
    });
    const of = (kind: string): Manifest[] => all.filter((manifest) => manifest.kind === kind);
    const [deployment] = of('Deployment') as unknown as [{ spec: { template: { spec: { containers: [Container] } } } }];
    expect(deployment.spec).toMatchObject({
      replicas: 3,
      template: {
        metadata: { labels: { team: 'platform' }, annotations: { note: 'x' } },
        spec: {
          ...spec,
          imagePullSecrets: secrets,
          affinity: { nodeAffinity: {} },
          priorityClassName: 'high',
          containers: [
            {
              image: `registry.example/operator@${digest}`,
              imagePullPolicy: 'Always',
              resources: { limits: { memory: '1Gi' } },
            },
          ],
        },
      },
    });
    const [{ args, env }] = deployment.spec.template.spec.containers;
    expect([args.at(-1), env.at(-1)]).toEqual(['--log-level=debug', { name: 'A', value: 'b' }]);
    expect(of('DebugPolicy').map(({ metadata, spec }) => [metadata.name, spec])).toEqual([
      ['default', {}],
      ['net', { images: ['netshoot:*'] }],
    ]);
    const stop = of('ServiceAccount').find(({ metadata }) => metadata.namespace === 'debugsession-node-stop');
    expect(stop?.['imagePullSecrets']).toEqual(secrets);
    for (const { metadata } of [...of('ServiceMonitor'), ...of('PrometheusRule')])
      expect(metadata.labels).toMatchObject({ release: 'kube' });
    for (const { metadata } of of('CustomResourceDefinition')) expect(metadata.annotations).toBeUndefined();
    // A change of these makes the operator mistrust the sessions that wait, and the approvals.
    const plain = all.filter(({ metadata }) => metadata.labels?.['team'] === undefined);
    expect(plain.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'ValidatingAdmissionPolicy debugsession-approver',
      'ValidatingAdmissionPolicy debugsession-requester',
      'ValidatingAdmissionPolicyBinding debugsession-approver',
      'ValidatingAdmissionPolicyBinding debugsession-requester',
    ]);
    for (const { metadata } of plain) expect(Object.keys(metadata.labels ?? {}).join()).not.toMatch(/version|chart/);
  });

  interface Container {
    args: string[];
    env: object[];
  }
});
