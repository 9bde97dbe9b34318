import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { apiServer, type ApiServer, installCrds } from '../support/cluster/api-server.ts';
import { repositoryPath } from '../support/documents/crd.ts';
import { documents, type GuideObject, yamlBlocks } from '../support/documents/guide.ts';

// What the documentation prints as YAML is what the API server takes, field by field.

const namespace = `guides-${process.pid}`;
const strict = 'dryRun=All&fieldValidation=Strict';
let server: ApiServer;

const CLUSTER_SCOPED = ['DebugPolicy', 'ClusterRole', 'ClusterRoleBinding'];
const COLLECTIONS: Record<string, string> = {
  DebugPolicy: '/apis/debugsession.dev/v1alpha1/debugpolicies',
  DebugApproval: `/apis/debugsession.dev/v1alpha1/namespaces/${namespace}/debugapprovals`,
  DebugSession: `/apis/debugsession.dev/v1alpha1/namespaces/${namespace}/debugsessions`,
  ClusterRole: '/apis/rbac.authorization.k8s.io/v1/clusterroles',
  Role: `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/roles`,
  RoleBinding: `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}/rolebindings`,
  ClusterRoleBinding: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  Pod: `/api/v1/namespaces/${namespace}/pods`,
  ServiceAccount: `/api/v1/namespaces/${namespace}/serviceaccounts`,
};

interface Block {
  place: string;
  source: string;
}

/** Kinds of other programs, which this API server does not serve. */
const OF_OTHERS = [
  'argoproj.io/',
  'kustomize.toolkit.fluxcd.io/',
  'notification.toolkit.fluxcd.io/',
  'scaffolder.backstage.io/',
  'source.toolkit.fluxcd.io/',
];

/**
 * Every yaml block of README.md and docs, with where it stands; not those that leave something out, which they say by
 * `...`, or have it filled in by `${{`, nor those of other programs.
 */
function blocks(): Block[] {
  const files = readdirSync(repositoryPath('docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md') && !file.startsWith('adr/'))
    .map((file) => join('docs', file));
  const readme = readdirSync(repositoryPath('.')).filter((file) => file === 'README.md');
  return [...readme, ...files].flatMap((file) =>
    yamlBlocks(readFileSync(repositoryPath(file), 'utf8'))
      .filter(({ source }) => !/\.\.\.|\$\{\{/.test(source))
      .filter(({ source }) => !OF_OTHERS.some((group) => source.includes(`apiVersion: ${group}`)))
      .map(({ line, source }) => ({ place: `${file}:${line}`, source })),
  );
}

/** An object as it stands, or a fragment (`spec:` or `status:` alone) completed to a session; its own fields win. */
function complete(document: unknown): GuideObject & { status?: unknown } {
  const { kind, spec, status } = document as Partial<GuideObject> & { status?: unknown };
  if (kind !== undefined) return document as GuideObject & { status?: unknown };
  const target = { podName: 'web' };
  return {
    apiVersion: 'debugsession.dev/v1alpha1',
    kind: 'DebugSession',
    metadata: { name: 'fragment' },
    spec: { target, image: 'busybox:1.36', ...spec },
    ...(status !== undefined && { status }),
  };
}

beforeAll(async () => {
  await installCrds();
  server = await apiServer();
  await server.post('/api/v1/namespaces', { metadata: { name: namespace } });
});

afterAll(async () => {
  await server.remove(`/api/v1/namespaces/${namespace}`);
  server.close();
});

it('the README and the docs hold more than 15 YAML blocks of guides', () => {
  expect(blocks().filter(({ place }) => place.startsWith('docs/guides/')).length).toBeGreaterThan(15);
});

/** What a reader fills in, which the API server would refuse as it stands. */
const filledIn = (source: string): string =>
  source.replaceAll('requestHash: REQUEST', `requestHash: ${'a'.repeat(64)}`);

it.each(blocks())('the API server accepts the YAML block $place', async ({ source }) => {
  for (const document of documents(filledIn(source))) {
    const object = complete(document);
    // A namespace that a reader is told to use is not there, and what is of the cluster may be there already.
    const name = `${object.metadata.name}-${namespace}`;
    const metadata = { ...object.metadata, ...(CLUSTER_SCOPED.includes(object.kind) ? { name } : { namespace }) };
    const collection = COLLECTIONS[object.kind];
    expect({ kind: object.kind, collection }).toEqual({ kind: object.kind, collection: expect.any(String) });
    const answer = await server.post(`${collection}?${strict}`, { ...object, metadata });
    expect({ code: answer.status, message: answer.message }).toEqual({ code: 201, message: '' });
  }
});
