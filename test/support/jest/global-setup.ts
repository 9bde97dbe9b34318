import { setTimeout as delay } from 'node:timers/promises';
import { DEFAULT_POLICY, POLICY_KIND } from '../../../src/api/debugpolicy.ts';
import { API_VERSION } from '../../../src/api/debugsession.ts';
import { PROPAGATION_MS } from '../../../src/session/start/admission.ts';
import { buildAll } from '../../../scripts/build.ts';
import { cluster } from '../../cluster/cluster.ts';
import { ConfigCopy } from '../cluster/config-copy.ts';
import { fillsInRequester, ownRequester } from '../cluster/fill-in.ts';
import { OPEN_POLICY } from '../builders/open-policy.ts';
import { longEnough } from '../patience.ts';

const INSTALL = [
  ['-k', 'config/crd'],
  ['-k', 'config/admission'],
  ['-f', 'config/manager/namespace.yaml'],
  ['-k', 'config/rbac'],
] as const;
const BEFORE_1_36 = 'components: [../components/before-1-36]\n';

/**
 * Before the suites that need a cluster: the operator as it is shipped, its resource and its rights as `kubectl apply
 * -k` would install them.
 */
export async function prepareCluster(): Promise<void> {
  // `make test` has built it.
  if (process.env['OPERATOR_IS_BUILT'] !== '1') await buildAll();
  await installResourceAndRights();
}

/** The resource, the namespace and the rights, without an operator. Waits until the resource is served. */
export async function installResourceAndRights(): Promise<void> {
  const target = cluster();
  const copy = new ConfigCopy();
  try {
    if (!(await fillsInRequester(target)))
      copy.edit('config/admission/kustomization.yaml', (text) => `${text}${BEFORE_1_36}`);
    for (const [flag, path] of INSTALL) {
      const applied = await target.kubectl(['apply', flag, copy.path(path)]);
      if (applied.code !== 0) throw new Error(`kubectl apply ${flag} ${path}: ${applied.stderr.trim()}`);
    }
  } finally {
    copy.remove();
  }
  const served = await target.kubectl([
    'wait',
    '--for=condition=Established',
    'crd/debugsessions.debugsession.dev',
    'crd/debugpolicies.debugsession.dev',
    'crd/debugapprovals.debugsession.dev',
    '--timeout=300s',
  ]);
  if (served.code !== 0) throw new Error(served.stderr.trim());
  await applyOpenPolicy();
  await untilBelieved();
  await untilJudged();
}

/** Lets everything through, in place of the policy that is built in. */
export async function applyOpenPolicy(): Promise<void> {
  const policy = { apiVersion: API_VERSION, kind: POLICY_KIND, metadata: { name: DEFAULT_POLICY }, spec: OPEN_POLICY };
  const applied = await cluster().kubectl(['apply', '-f', '-'], { input: JSON.stringify(policy) });
  if (applied.code !== 0) throw new Error(applied.stderr.trim());
}

/**
 * Until the policies are in force, and have been for so long that the operator believes them, whoever changed them
 * last.
 */
export async function untilBelieved(): Promise<void> {
  await untilInForce();
  const kinds = ['validatingadmissionpolicy', 'validatingadmissionpolicybinding'];
  const names = kinds.map((kind) => `${kind}/debugsession-requester`);
  const found = await cluster().kubectl(['get', ...names, '--output=json', '--show-managed-fields']);
  if (found.code !== 0) throw new Error(found.stderr.trim());
  const { items } = JSON.parse(found.stdout) as { items: { metadata: { managedFields: { time: string }[] } }[] };
  const changed = items.flatMap(({ metadata }) => metadata.managedFields.map(({ time }) => Date.parse(time)));
  await delay(Math.max(0, Math.max(...changed) + PROPAGATION_MS + 1_000 - Date.now()));
}

/** New admission policies are in force after some seconds: then nobody can ask in another's name. */
export async function untilInForce(): Promise<void> {
  const spec = { target: { podName: 'web' }, image: 'busybox' };
  const session = (requester: object): string =>
    JSON.stringify({
      apiVersion: 'debugsession.dev/v1alpha1',
      kind: 'DebugSession',
      metadata: { name: 'probe' },
      spec: { ...spec, ...requester },
    });
  const tryIt = (input: string): ReturnType<ReturnType<typeof cluster>['kubectl']> =>
    cluster().kubectl(
      [
        'create',
        '--dry-run=server',
        '--namespace=default',
        '--output=jsonpath={.spec.requestedBy.username}',
        '-f',
        '-',
      ],
      { input },
    );
  const requester = await ownRequester(cluster());
  const late = AbortSignal.timeout(longEnough());
  while (!late.aborted) {
    const [forged, own] = await Promise.all([
      tryIt(session({ requestedBy: { username: 'nobody' } })),
      tryIt(session(requester)),
    ]);
    if (forged.code !== 0 && forged.stderr.includes('spec.requestedBy must be who asks') && own.stdout !== '') return;
    await delay(500);
  }
  throw new Error('the admission policies of config/admission do not come into force');
}

/** Until the API server judges by the DebugPolicies: it refuses what no policy allows. */
async function untilJudged(): Promise<void> {
  const asker = await ownRequester(cluster());
  const spec = { target: { podName: 'web' }, image: 'localhost/UPPER', ...asker };
  const session = { apiVersion: API_VERSION, kind: 'DebugSession', metadata: { name: 'probe' }, spec };
  const late = AbortSignal.timeout(longEnough());
  while (!late.aborted) {
    const args = ['create', '--dry-run=server', '--namespace=default', '-f', '-'];
    const answer = await cluster().kubectl(args, { input: JSON.stringify(session) });
    if (answer.stderr.includes('is not understood')) return;
    await delay(500);
  }
  throw new Error('the API server does not judge by the DebugPolicies');
}

/**
 * For suites whose tests start operators of their own.
 * @throws Error where one is installed: it would serve their sessions too, which does those no harm, but spoils what
 * the tests look for
 */
export async function prepareClusterAlone(): Promise<void> {
  const found = await cluster().kubectl(['get', 'deployment', '--namespace=debugsession-system', '--output=name']);
  if (found.stdout !== '') {
    const wayOut = 'kubectl --namespace debugsession-system delete deployment debugsession-controller-manager';
    throw new Error(`an operator is installed in this cluster, and these tests start their own: ${wayOut}`);
  }
  await prepareCluster();
}

// Jest takes the default export for the function to call.
export { prepareClusterAlone as default };
