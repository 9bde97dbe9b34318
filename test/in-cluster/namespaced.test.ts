import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { AuditLog } from '../support/cluster/audit-log.ts';
import { ConfigCopy } from '../support/cluster/config-copy.ts';
import { installResourceAndRights } from '../support/jest/global-setup.ts';
import { DEPLOYMENT, Installation, OPERATOR_NAMESPACE } from '../support/cluster/installation.ts';
import { removeNodeStop } from '../support/cluster/node-stop.ts';
import { ensureOperatorImage } from '../support/cluster/operator-image.ts';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

// config/namespaced, edited as it says: an operator with rights in two namespaces of three. With the components that
// config/default offers.

const ACCOUNT = `system:serviceaccount:${OPERATOR_NAMESPACE}:${DEPLOYMENT}`;
const SECRET = 'debugsession-notify';
const target = { podName: 'web' };
let served: Stage[];
let other: Stage;
let installation: Installation;
let audit: AuditLog;

beforeAll(async () => {
  const open = (name: string) => Stage.open(name, { operator: false });
  [other, ...served] = await Promise.all([open('other'), open('shop'), open('stock')]);
  installation = new Installation();
  const node = installation.cluster.node;
  if (node === undefined) throw new Error('an image cannot be loaded into a cluster of somebody else');
  audit = await AuditLog.from(node.auditLog);
  const [image] = await Promise.all([
    ensureOperatorImage(node),
    ...[other, ...served].map((stage) => stage.runningPod('web', appPod())),
  ]);
  // As config/namespaced says, for a cluster that had config/default before.
  const granted = ['debugsession-manager', 'debugsession-manager-exec', 'debugsession-manager-attach'];
  await installation.kubectl('delete', 'clusterrolebinding,clusterrole', ...granted, '--ignore-not-found');
  // The component notify needs it. Nobody listens there, which keeps no session waiting.
  await installation.kubectl(
    ...['create', 'secret', 'generic', SECRET, `--namespace=${OPERATOR_NAMESPACE}`],
    ...['--from-literal=urls=http://127.0.0.1:9/', '--from-literal=hmac-key=0123456789abcdef'],
  );
  const copy = new ConfigCopy();
  try {
    copy.chooseComponents();
    copy.lookAfter(served.map(({ namespace }) => namespace));
    await installation.apply(image, copy.path('config/namespaced'));
  } finally {
    copy.remove();
  }
});

afterAll(async () => {
  await installation.remove();
  await installation.kubectl('delete', 'secret', SECRET, `--namespace=${OPERATOR_NAMESPACE}`, '--ignore-not-found');
  await installation.kubectl('delete', 'priorityclass', 'debugsession-manager', '--ignore-not-found');
  await removeNodeStop(installation.cluster);
  const read = ['debugsession-manager-nodes', 'debugsession-manager-usage'];
  await installation.kubectl('delete', 'clusterrolebinding,clusterrole', ...read, '--ignore-not-found');
  // The rights that the other suites need.
  await installResourceAndRights();
  await installation.close();
  for (const stage of [other, ...served]) await stage.close();
});

it('the operator serves a session from its manifest to its record in each of its namespaces', async () => {
  await Promise.all(
    served.map(async (stage) => {
      await stage.createSession('inspect', { target, command: ['sleep', '600'], ttl: '2s' });
      const expired = await stage.untilSession(
        'inspect',
        (s) => s.status?.phase === 'Expired' && s.metadata.finalizers === undefined,
      );
      expect(expired.status?.runs).toMatchObject([{ state: 'Ended', endedBy: 'Supervisor', podName: 'web' }]);
      await stage.changeSession('inspect', { attempt: 2, command: ['sh', '-c', 'exit 7'] });
      const again = await stage.untilPhase('inspect', 'Completed');
      expect(again.status?.runs).toMatchObject([{ attempt: 1 }, { attempt: 2, exitCode: 7 }]);
      expect(ephemeralNames(await stage.pod('web')).sort()).toEqual(
        again.status?.runs?.map((run) => run.debugContainerName),
      );
      await stage.until('the story is told', async () => {
        const story = await stage.events('DebugSession', 'inspect');
        return story.filter(({ reason }) => reason === 'Ended').length === 2;
      });
    }),
  );
});

it('the operator does nothing in any other namespace, and sends no request there', async () => {
  const created = await other.createSession('unserved', { target, command: ['true'] });
  // What is applied after it, in a namespace that is served, comes to its end.
  const [stage] = served;
  await stage?.createSession('after', { target, command: ['true'] });
  await stage?.untilPhase('after', 'Completed');
  expect(await other.session('unserved')).toEqual(created);
  expect(ephemeralNames(await other.pod('web'))).toEqual([]);

  const asked = async (namespace: string) =>
    (await audit.requests(namespace)).filter(({ user }) => user.username === ACCOUNT);
  expect(await asked(other.namespace)).toEqual([]);
  expect(await asked(stage?.namespace ?? '')).not.toEqual([]);
  const rights = [
    ...[
      'patch pods --subresource=ephemeralcontainers',
      'get pods --subresource=exec',
      'create pods --subresource=eviction',
    ],
    ...['list debugsessions.debugsession.dev', 'list pods'],
  ];
  for (const what of rights) {
    const may = (stage: Stage | undefined) => stage?.kubectl(['auth', 'can-i', ...what.split(' '), `--as=${ACCOUNT}`]);
    expect([what, (await may(other))?.stdout.trim()]).toEqual([what, 'no']);
    expect([what, (await may(stage))?.stdout.trim()]).toEqual([what, 'yes']);
  }
});

it('the pods of the operator have the priority class that the manifests choose', async () => {
  const pods = (await installation.pods()) as { spec?: { priorityClassName?: string; priority?: number } }[];
  expect(pods).toMatchObject(
    [1, 2].map(() => ({ spec: { priorityClassName: 'debugsession-manager', priority: 1e6 } })),
  );
});
