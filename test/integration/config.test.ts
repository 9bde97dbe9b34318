import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { installManifests } from '../../scripts/manifests.ts';
import { removals } from '../../scripts/uninstall.ts';
import { cluster } from '../cluster/cluster.ts';
import { apiServer, type ApiServer, installCrds, kubectl } from '../support/cluster/api-server.ts';
import { ConfigCopy } from '../support/cluster/config-copy.ts';
import { repositoryPath } from '../support/documents/crd.ts';
import { withMonitoringResources } from '../support/documents/prometheus-operator/resources.ts';

interface Document {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  [field: string]: unknown;
}

const namespace = `config-${process.pid}`;
const scratch = mkdtempSync(join(tmpdir(), 'debugsession-config-'));
let server: ApiServer;

/** No manifests: the files of Prometheus itself; test/process/alerts.test.ts reads those. */
const FOREIGN = /^config\/prometheus\/(rules|tests\/.*)\.yaml$/;
/** Resources of the Prometheus operator, which the API server does not know by itself. */
const MONITORING = /^config\/prometheus\/(service-monitor|prometheus-rule)\.yaml$/;

function configFiles(): string[] {
  const paths = readdirSync(repositoryPath('config'), { recursive: true, encoding: 'utf8' });
  return paths.filter((path) => path.endsWith('.yaml')).map((path) => `config/${path}`);
}

/** Files below config/ that hold manifests; kustomize's own are none. */
function manifestFiles(): string[] {
  return configFiles()
    .filter((path) => basename(path) !== 'kustomization.yaml' && !FOREIGN.test(path))
    .sort();
}

/** Folders below config/ that `kubectl apply -k` takes, and components, which only others take. */
function kustomizations(kind: 'Kustomization' | 'Component'): string[] {
  return configFiles()
    .filter((path) => basename(path) === 'kustomization.yaml')
    .filter((path) => new RegExp(`^kind: ${kind}$`, 'm').test(readFileSync(repositoryPath(path), 'utf8')))
    .map((path) => dirname(path))
    .sort();
}

function documents(text: string): Document[] {
  return parseAllDocuments(text).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Document;
  });
}

/** The document in the namespace of this test: a dry run creates nothing, so the one it belongs into need not exist. */
function movedHere(document: Document): Document {
  if (document.metadata.namespace === undefined) return document;
  return { ...document, metadata: { ...document.metadata, namespace } };
}

/** What a strict server-side dry run answers. Throws with the server's words when it refuses. */
async function dryRun(all: Document[]): Promise<string> {
  const file = join(scratch, 'manifests.json');
  writeFileSync(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: all.map(movedHere) }));
  return kubectl(
    ...['apply', '--server-side', '--force-conflicts', '--field-manager=config-test', '-n', namespace],
    ...['--dry-run=server', '--validate=strict', '-f', file],
  );
}

async function expectAccepted(all: Document[]): Promise<void> {
  expect((await dryRun(all)).trim().split('\n')).toHaveLength(all.length);
}

/** The documents that `kubectl apply -k` would send. */
async function built(directory: string): Promise<Document[]> {
  return documents(await kubectl('kustomize', repositoryPath(directory)));
}

function only(all: Document[], kind: string): Document {
  const found = all.filter((document) => document.kind === kind);
  expect(found).toHaveLength(1);
  return found[0] as Document;
}

beforeAll(async () => {
  await installCrds();
  server = await apiServer();
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' };
  expect(await server.post('/api/v1/namespaces', { metadata: { name: namespace, labels } })).toMatchObject({
    status: 201,
  });
});

afterAll(async () => {
  rmSync(scratch, { recursive: true });
  await server.remove(`/api/v1/namespaces/${namespace}`);
  server.close();
});

/** Which of these roles become a part of which of Kubernetes' own. */
function aggregations(all: readonly Document[]): string[] {
  const labelled = all.flatMap(({ metadata }) =>
    Object.keys(metadata.labels ?? {}).map((label) => [metadata.name, label] as const),
  );
  const prefix = 'rbac.authorization.k8s.io/aggregate-to-';
  return labelled
    .filter(([, label]) => label.startsWith(prefix))
    .map(([name, label]) => `${name} into ${label.slice(prefix.length)}`)
    .sort();
}

describe('the manifests of config/', () => {
  it.each(manifestFiles().filter((path) => !MONITORING.test(path)))(
    'the API server accepts %s and knows every field',
    async (path) => {
      await expectAccepted(documents(readFileSync(repositoryPath(path), 'utf8')));
    },
  );

  it('the API server refuses a manifest with an unknown field', async () => {
    const [sample] = documents(readFileSync(repositoryPath('config/samples/distroless-pod.yaml'), 'utf8'));
    const odd = { ...(sample as Document), spec: { ...(sample?.['spec'] as object), ports: [] } };
    await expect(dryRun([odd])).rejects.toThrow('unknown field');
  });

  it.each(kustomizations('Kustomization').filter((path) => path !== 'config/prometheus'))(
    'the kustomization %s names every manifest of its directory, and the API server accepts the whole',
    async (directory) => {
      const all = await built(directory);
      const files = manifestFiles().filter((path) => dirname(path) === directory);
      const names = files.flatMap((path) => documents(readFileSync(repositoryPath(path), 'utf8'))).map(identity);
      expect(all.map(identity)).toEqual(expect.arrayContaining(names));
      await expectAccepted(all);
    },
  );

  it('the API server with the Prometheus operator accepts config/prometheus and knows every field', async () => {
    const all = await built('config/prometheus');
    expect(all.map(({ kind }) => kind).sort()).toEqual(['PrometheusRule', 'Service', 'ServiceMonitor']);
    const monitor = only(all, 'ServiceMonitor');
    const odd = { ...monitor, spec: { ...(monitor['spec'] as object), endpoint: [] } };
    await withMonitoringResources(async () => {
      await expectAccepted(all);
      await expect(dryRun([odd])).rejects.toThrow(/unknown field .*endpoint/);
    });
  });

  it('config/default offers every component, and the API server accepts it with each component', async () => {
    const copy = new ConfigCopy();
    try {
      copy.chooseComponents();
      const chosen = parse(readFileSync(copy.path('config/default/kustomization.yaml'), 'utf8')) as {
        components: string[];
      };
      const offered = chosen.components.map((path) => join('config/default', path));
      expect(offered.sort()).toEqual(kustomizations('Component'));
      const all = documents(await kubectl('kustomize', copy.path('config/default')));
      const parts = manifestFiles().filter((path) => path.startsWith('config/components/'));
      const names = parts.flatMap((path) => documents(readFileSync(repositoryPath(path), 'utf8'))).map(identity);
      expect(all.map(identity)).toEqual(expect.arrayContaining(names));
      await expectAccepted(all);
      const { template } = only(all, 'Deployment')['spec'] as { template: { spec: { priorityClassName: string } } };
      expect(template.spec.priorityClassName).toBe(only(all, 'PriorityClass').metadata.name);
      expect(aggregations(all)).toEqual([
        'debugsession-admin into admin',
        'debugsession-policy-viewer into view',
        'debugsession-user into edit',
        'debugsession-viewer into view',
      ]);
      // By labels that those roles look for: view, edit and admin as this API server has them.
      for (const aggregation of aggregations(all)) {
        const [, role = ''] = aggregation.split(' into ');
        const rule = await kubectl(
          'get',
          'clusterrole',
          role,
          '--output=jsonpath={.aggregationRule.clusterRoleSelectors}',
        );
        expect(JSON.parse(rule)).toEqual([
          { matchLabels: { [`rbac.authorization.k8s.io/aggregate-to-${role}`]: 'true' } },
        ]);
      }
      // Not chosen, nobody gets anything by a role that he has already.
      expect(aggregations(await built('config/default'))).toEqual([]);
    } finally {
      copy.remove();
    }
  });

  it('config/default holds the CRDs, the policies, the rights and the manager', async () => {
    const kinds = (await built('config/default')).map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(
      new Set([
        ...['Namespace', 'CustomResourceDefinition', 'ServiceAccount', 'Role', 'ClusterRole'],
        ...['RoleBinding', 'ClusterRoleBinding', 'Deployment', 'PodDisruptionBudget', 'NetworkPolicy'],
        ...['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'],
        ...['MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding'],
      ]),
    );
  });

  it('the component before-1-36 leaves out only the policies that fill in who asks, who approves, and the finalizer', async () => {
    const copy = new ConfigCopy();
    try {
      copy.edit('config/default/kustomization.yaml', (text) => `${text}components: [../components/before-1-36]\n`);
      const after = documents(await kubectl('kustomize', copy.path('config/default')));
      const before = await built('config/default');
      expect(after).toEqual(before.filter(({ kind }) => !kind.startsWith('Mutating')));
      expect(after).toHaveLength(before.length - 6);
    } finally {
      copy.remove();
    }
  });

  it('make manifests writes config/default into one file that the API server accepts', async () => {
    const all = documents(installManifests([[cluster().kubectlPath, 'kustomize']]));
    expect(all).toEqual(await built('config/default'));
    await expectAccepted(all);
  });
});

describe('the component labelled-scrapers', () => {
  it.each(['config/default', 'config/namespaced'])(
    'the component labelled-scrapers narrows the one NetworkPolicy of %s',
    async (directory) => {
      const copy = new ConfigCopy();
      try {
        copy.edit(
          `${directory}/kustomization.yaml`,
          (text) => `${text}components: [../components/labelled-scrapers]\n`,
        );
        const policy = only(documents(await kubectl('kustomize', copy.path(directory))), 'NetworkPolicy');
        const from = [{ namespaceSelector: { matchLabels: { metrics: 'enabled' } } }];
        expect(policy['spec']).toMatchObject({ ingress: [{ from, ports: [{ port: 'metrics' }] }] });
      } finally {
        copy.remove();
      }
    },
  );
});

describe('make uninstall', () => {
  it.each(['config/default', 'config/namespaced'])(
    'make uninstall takes away all of %s: the operator and its rights, then its policies, and the CRDs at the end',
    async (directory) => {
      const all = await built(directory);
      const steps = removals(all);
      expect(steps.flat().map(identity).sort()).toEqual(all.map(identity).sort());
      const kinds = steps.map((step) => [...new Set(step.map(({ kind }) => kind))].sort());
      expect(kinds[0]).toContain('Deployment');
      const rights = kinds.findLastIndex((step) => step.some((kind) => kind.endsWith('RoleBinding')));
      const policies = kinds.filter((step) => step.some((kind) => kind.includes('AdmissionPolicy')));
      expect(policies).toHaveLength(1);
      expect(policies[0]).toHaveLength(4);
      expect(kinds.indexOf(policies[0] ?? [])).toBeGreaterThan(rights);
      expect(kinds.at(-1)).toEqual(['CustomResourceDefinition']);
    },
  );
});

describe('the manager', () => {
  it('the manager runs as a pod that the restricted Pod Security Standard admits', async () => {
    const deployment = only(await built('config/manager'), 'Deployment');
    const { template } = deployment['spec'] as { template: { metadata: object; spec: object } };
    const spec = { ...template.spec, serviceAccountName: 'default' };
    // The namespace is a moment old: its service account comes from a controller.
    await kubectl('wait', '-n', namespace, 'serviceaccount/default', '--for=create', '--timeout=300s');
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { ...template.metadata, name: 'manager' }, spec };
    expect(await server.post(`/api/v1/namespaces/${namespace}/pods?dryRun=All`, pod)).toMatchObject({
      message: '',
      status: 201,
    });
  });

  it('the manager states its resources, its probes and the spread of its replicas over several nodes', async () => {
    const deployment = only(await built('config/manager'), 'Deployment')['spec'] as {
      replicas: number;
      selector: { matchLabels: object };
      template: { spec: { containers: object[]; topologySpreadConstraints: object[] } };
    };
    expect(deployment.replicas).toBe(2);
    const probe = (path: string) => expect.objectContaining({ httpGet: { path, port: 'health' } });
    const { containers, topologySpreadConstraints } = deployment.template.spec;
    expect(containers).toMatchObject([
      {
        livenessProbe: probe('/healthz'),
        readinessProbe: probe('/readyz'),
        // No limit of the processor: it would make ends late for nothing.
        resources: { requests: { cpu: expect.any(String), memory: expect.any(String) }, limits: { memory: '256Mi' } },
        securityContext: { readOnlyRootFilesystem: true },
      },
    ]);
    expect(topologySpreadConstraints).toMatchObject([
      { topologyKey: 'kubernetes.io/hostname', labelSelector: deployment.selector },
    ]);
  });

  it('the manager runs as the account to which the rights are bound', async () => {
    const all = await built('config/default');
    const account = only(all, 'ServiceAccount').metadata;
    const { template } = only(all, 'Deployment')['spec'] as { template: { spec: { serviceAccountName: string } } };
    expect(template.spec.serviceAccountName).toBe(account.name);
    const bindings = all.filter(({ kind }) => kind.endsWith('RoleBinding'));
    expect(bindings).toHaveLength(6);
    for (const { subjects } of bindings) {
      expect(subjects).toEqual([{ kind: 'ServiceAccount', name: account.name, namespace: account.namespace }]);
    }
  });
});

describe('the roles', () => {
  type Rule = { apiGroups: string[]; resources: string[]; nonResourceURLs?: string[]; verbs: string[] };

  it('the roles grant nothing by a wildcard, and no role is aggregated into a role of the cluster', async () => {
    const roles = (await built('config/rbac')).filter(({ kind }) => kind.endsWith('Role'));
    expect(roles).toHaveLength(13);
    for (const role of roles) {
      const labels = Object.keys(role.metadata.labels ?? {});
      expect(labels.filter((label) => label.includes('aggregate-to'))).toEqual([]);
      for (const { apiGroups = [], resources = [], nonResourceURLs = [], verbs } of role['rules'] as Partial<Rule>[]) {
        expect([...apiGroups, ...resources, ...nonResourceURLs, ...(verbs ?? ['*'])].join(' ')).not.toContain('*');
      }
    }
  });

  it('the roles let the operator change only the ephemeral containers of a pod', async () => {
    expect(writes(await built('config/rbac'))).toEqual([
      'create events',
      // Asks, and changes nothing.
      'create localsubjectaccessreviews',
      'create pods/attach',
      'create pods/eviction',
      'create pods/exec',
      'delete debugsessions',
      'patch debugsessions',
      'patch pods/ephemeralcontainers',
      'update debugsessions/status',
    ]);
  });

  // The components name roles; one that was renamed would be left in silently.
  it.each([
    ['without-exec', ['pods/exec']],
    ['without-attach', ['pods/attach']],
    ['without-exec without-attach', ['pods/attach', 'pods/exec']],
    ['without-attach without-exec', ['pods/attach', 'pods/exec']],
  ])(
    'the roles have no right except those that %s takes away, cluster-wide and by namespace',
    async (components, taken) => {
      const copy = new ConfigCopy();
      try {
        for (const directory of ['config/default', 'config/namespaced']) {
          const list = components.split(' ').map((name) => `  - ../components/${name}`);
          copy.edit(`${directory}/kustomization.yaml`, (text) => [text, 'components:', ...list, ''].join('\n'));
        }
        // What default takes away, namespaced must take away by itself from its Roles; and both from what they have in
        // common.
        for (const directory of ['config/default', 'config/namespaced']) {
          if (directory === 'config/namespaced') copy.restore('config/default');
          const before = await built(directory);
          const after = documents(await kubectl('kustomize', copy.path(directory)));
          const gone = writes(before).filter((right) => !writes(after).includes(right));
          expect(gone).toEqual(taken.flatMap((resource) => [`create ${resource}`]));
          const names = taken.map((resource) => resource.replace('pods/', 'debugsession-manager-'));
          expect(before.filter((document) => !after.some((other) => isDeepStrictEqual(other, document)))).toEqual(
            before.filter(({ metadata }) => names.includes(metadata.name)),
          );
          expect(after.length).toBe(before.length - 2 * names.length);
        }
      } finally {
        copy.remove();
      }
    },
  );

  /** What the operator's own roles, of the cluster and of namespaces, let it change. */
  function writes(all: readonly Document[]): string[] {
    return all
      .filter(({ kind, metadata }) => kind.endsWith('Role') && metadata.name.startsWith('debugsession-manager'))
      .flatMap((role) => role['rules'] as Rule[])
      .flatMap(({ resources, verbs }) => resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)))
      .filter((right) => !/^(get|list|watch) /.test(right))
      .sort();
  }
});

describe('config/namespaced', () => {
  it('config/namespaced gives the operator only the same rights in the namespaces of --namespaces', async () => {
    const all = await built('config/namespaced');
    // The reviews for the metrics and the policy that says who asks are about the whole cluster; nothing else is.
    const ofCluster = all.filter(({ kind }) => kind === 'ClusterRoleBinding').map(identity);
    expect(ofCluster.sort()).toEqual([
      'ClusterRoleBinding debugsession-metrics-auth-rolebinding',
      'ClusterRoleBinding debugsession-policy-reader-rolebinding',
    ]);
    const names = ['debugsession-manager', 'debugsession-manager-exec', 'debugsession-manager-attach'];
    const rights = await built('config/rbac');
    for (const name of names) {
      expect(all.map(identity)).not.toContain(`ClusterRole ${name}`);
      const roles = all.filter(({ kind, metadata }) => kind === 'Role' && metadata.name === name);
      const ofCluster = rights.find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === name);
      for (const role of roles) expect(role['rules']).toEqual(ofCluster?.['rules']);

      const { template } = only(all, 'Deployment')['spec'] as {
        template: { spec: { containers: { args: string[] }[] } };
      };
      const namespaces = roles.map(({ metadata }) => metadata.namespace);
      expect(template.spec.containers[0]?.args).toContain(`--namespaces=${namespaces.join(',')}`);
      const bindings = all.filter(({ kind, metadata }) => kind === 'RoleBinding' && metadata.name === name);
      expect(bindings.map(({ metadata }) => metadata.namespace)).toEqual(namespaces);
      const account = only(all, 'ServiceAccount').metadata;
      for (const binding of bindings) {
        expect(binding['roleRef']).toMatchObject({ kind: 'Role', name });
        expect(binding['subjects']).toEqual([
          { kind: 'ServiceAccount', name: account.name, namespace: account.namespace },
        ]);
      }
    }
  });
});

describe('objects beside the manager', () => {
  interface Pods {
    metadata: { labels: Record<string, string> };
    spec: { containers: { ports: { name: string; containerPort: number }[] }[] };
  }

  async function pods(): Promise<Pods> {
    return (only(await built('config/manager'), 'Deployment')['spec'] as { template: Pods }).template;
  }

  /** Whether a selector of labels takes these pods in, and no others of the cluster by being empty. */
  function selects(labels: Record<string, string>, { metadata }: Pods): boolean {
    const wanted = Object.entries(labels);
    return wanted.length > 0 && wanted.every(([name, value]) => metadata.labels[name] === value);
  }

  it('the disruption budget, the network policy and the metrics service select the pods of the manager', async () => {
    const template = await pods();
    const budget = only(await built('config/manager'), 'PodDisruptionBudget')['spec'] as {
      selector: { matchLabels: Record<string, string> };
    };
    expect(selects(budget.selector.matchLabels, template)).toBe(true);
    const policy = only(await built('config/network-policy'), 'NetworkPolicy')['spec'] as {
      podSelector: { matchLabels: Record<string, string> };
    };
    expect(selects(policy.podSelector.matchLabels, template)).toBe(true);
    const service = only(await built('config/prometheus'), 'Service')['spec'] as { selector: Record<string, string> };
    expect(selects(service.selector, template)).toBe(true);
  });

  it('the scraper, the network policy, the service and the container name the same port for metrics', async () => {
    const { ports } = (await pods()).spec.containers[0] ?? { ports: [] };
    expect(ports).toContainEqual({ name: 'metrics', containerPort: 8443 });
    const policy = only(await built('config/network-policy'), 'NetworkPolicy')['spec'] as {
      ingress: object[];
    };
    expect(policy.ingress).toEqual([{ ports: [{ port: 'metrics', protocol: 'TCP' }] }]);
    const all = await built('config/prometheus');
    const service = only(all, 'Service');
    expect((service['spec'] as { ports: object[] }).ports).toEqual([
      expect.objectContaining({ name: 'metrics', targetPort: 'metrics' }),
    ]);
    const monitor = only(all, 'ServiceMonitor')['spec'] as {
      selector: { matchLabels: Record<string, string> };
      endpoints: { port: string }[];
    };
    expect(monitor.endpoints.map(({ port }) => port)).toEqual(['metrics']);
    expect(service.metadata.labels).toMatchObject(monitor.selector.matchLabels);
    expect(service.metadata.namespace).toBe(only(all, 'ServiceMonitor').metadata.namespace);
  });
});

function identity({ kind, metadata }: Document): string {
  return `${kind} ${metadata.name}`;
}
