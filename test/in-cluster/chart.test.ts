import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { sessionsPath } from '../../src/reconcile/session-api.ts';
import { appPod } from '../support/builders/pods.ts';
import { CHART, Helm } from '../support/cluster/helm.ts';
import { Installation, OPERATOR_NAMESPACE } from '../support/cluster/installation.ts';
import { ensureOperatorImage } from '../support/cluster/operator-image.ts';
import { refusedAtRequest } from '../support/cluster/refused-at-request.ts';
import { Stage } from '../support/cluster/stage.ts';
import { documentedCommands } from '../support/documents/documented-commands.ts';
import { installResourceAndRights } from '../support/jest/global-setup.ts';

// The life of a release of the chart, with the commands of docs/install.md word by word, while sessions run.

const [install = '', upgrade = '', withPolicies = '', inOrder = ''] = documentedCommands(
  'docs/install.md',
  'With Helm',
);
const PUBLISHED = 'registry.example/debugsession-operator';
const RELEASE = ['debugsession', '--namespace', OPERATOR_NAMESPACE];
const target = { podName: 'web', containerName: 'app' };
const endless = { target, command: ['sleep', '600'] };
let stage: Stage;
let installation: Installation;
let helm: Helm;
let image: string;
/** The chart of a version before this one. */
let previous: string;

beforeAll(async () => {
  stage = await Stage.open('chart', { operator: false });
  installation = new Installation();
  const node = stage.cluster.node;
  if (node === undefined) throw new Error('an image cannot be loaded into a cluster of somebody else');
  [helm, image] = await Promise.all([Helm.open(), ensureOperatorImage(node), stage.runningPod('web', appPod())]);
  for (const tag of ['0.0.9', '0.1.0'])
    expect(await node.ctr(['images', 'tag', '--force', image, `${PUBLISHED}:${tag}`])).toMatchObject({ code: 0 });
  previous = previousChart();
  // What the suites' setup makes.
  expect(await helm.type('make uninstall')).toMatchObject({ code: 0 });
});

afterAll(async () => {
  await helm.type(inOrder);
  rmSync(previous, { recursive: true, force: true });
  helm.close();
  // The rights that the other suites need.
  await installResourceAndRights();
  await installation.remove();
  await installation.close();
  await stage.close();
});

it('a first install with policies is refused as a whole: Helm needs the custom resource before', async () => {
  const args = ['install', ...RELEASE.slice(0, 1), CHART, ...RELEASE.slice(1), '--create-namespace'];
  const { code, stderr } = await helm.run(args, { policies: { default: {} } });
  expect([code, stderr]).toEqual([1, expect.stringMatching(/no matches for kind "DebugPolicy"/)]);
  expect(await helm.ok(['list', ...RELEASE.slice(1), '--short'])).toBe('');
});

it('the documented install runs two replicas that serve a session, and helm test says so', async () => {
  expect(await helm.type(install.replaceAll('charts/debugsession', previous))).toMatchObject({ code: 0 });
  const tag = `${PUBLISHED}:0.0.9`;
  expect(await installation.images()).toEqual([tag, tag]);
  await stage.createSession('first', { target, command: ['sh', '-c', 'exit 7'] });
  expect((await untilSettled('first', 'Completed')).status?.runs).toMatchObject([{ exitCode: 7 }]);
  // The test leaves nothing.
  expect(await installation.kubectl('get', 'pods,roles,rolebindings,serviceaccounts', '-o=name')).not.toContain('test');
  expect(await installation.kubectl('get', 'debugsessions', '-o=name')).toBe('');
});

it('helm test fails with the reason where nothing checks requesters, and an upgrade to the same chart repairs it', async () => {
  await installation.kubectl('delete', 'validatingadmissionpolicybinding', 'debugsession-requester');
  await stage.until('the policy is out of force', async () => {
    const session = { target: { podName: 'web' }, image: 'busybox', requestedBy: { username: 'somebody-else' } };
    const body = { apiVersion: 'debugsession.dev/v1alpha1', kind: 'DebugSession', metadata: { name: 'forged' } };
    const path = `${sessionsPath(stage.namespace)}?dryRun=All`;
    return stage.client.create(path, { ...body, spec: session }).then(
      () => true,
      () => false,
    );
  });
  const { code, stdout, stderr } = await helm.run(['test', ...RELEASE, '--logs']);
  expect([code, `${stdout}${stderr}`]).toEqual([1, expect.stringContaining('the admission policy is missing')]);
  expect(await helm.type(upgrade.replaceAll('charts/debugsession', previous))).toMatchObject({ code: 0 });
  expect(await helm.ok(['test', ...RELEASE])).toMatch(/^Phase: +Succeeded$/m);
});

it('the documented upgrade brings the new custom resources, and no session notices', async () => {
  await stage.until('the policy is believed', async () => {
    await stage.createSession('probe', { target, command: ['true'] });
    const { status } = await stage.untilSession(
      'probe',
      (s) => s.metadata.finalizers === undefined && s.status?.reason !== undefined,
    );
    await stage.deleteSession('probe');
    await stage.untilSessionGone('probe');
    return status?.reason === 'Exited';
  });
  expect(await shortNames()).toBe('');
  const running = await started('upgraded');
  await stage.createSession('waiting', { target: { podName: 'late' }, command: ['true'] });
  await stage.untilSession('waiting', (s) => s.status?.acceptedAt !== undefined);

  expect(await helm.type(upgrade)).toMatchObject({ code: 0 });
  const tag = `${PUBLISHED}:0.1.0`;
  expect(await installation.images()).toEqual([tag, tag]);
  expect(await shortNames()).toBe('["dbgp"]');
  await expectUntouched(running);
  // It was accepted under the policy, which the upgrade has not written.
  await stage.runningPod('late', appPod());
  await untilSettled('waiting', 'Completed');
  await stage.changeSession('upgraded', { cancel: true });
  await untilSettled('upgraded', 'Cancelled');
});

it('the documented upgrade brings policies, and the API server judges by them', async () => {
  expect(await helm.type(withPolicies)).toMatchObject({ code: 0 });
  const refused = await refusedAtRequest(stage, { ...endless, image: 'docker.io/library/alpine:3' });
  expect(refused).toMatch(
    /^DebugPolicy default does not allow this: image docker.io\/library\/alpine:3 is not allowed/,
  );
});

it('helm rollback takes the version and its custom resources back, and no session notices', async () => {
  const running = await started('rolled-back');
  // The first revision is the previous chart.
  await helm.ok(['rollback', 'debugsession', '1', ...RELEASE.slice(1), '--wait']);
  const tag = `${PUBLISHED}:0.0.9`;
  expect(await installation.images()).toEqual([tag, tag]);
  expect(await shortNames()).toBe('');
  await expectUntouched(running);
  await stage.changeSession('rolled-back', { cancel: true });
  await untilSettled('rolled-back', 'Cancelled');
});

it('helm uninstall keeps the records; a container ends at its own deadline, and the next release records it', async () => {
  const running = await started('left', { ttl: '10s' });
  await helm.ok(['uninstall', ...RELEASE, '--wait']);
  expect(await installation.pods()).toEqual([]);
  await stage.untilPod('web', (pod) => {
    const { ephemeralContainerStatuses = [] } = pod.status ?? {};
    const name = running.status?.debugContainerName;
    return ephemeralContainerStatuses.some((one) => one.name === name && one.state?.terminated !== undefined);
  });
  expect((await stage.session('left')).status?.phase).toBe('Running');

  expect(await helm.type(install)).toMatchObject({ code: 0 });
  expect((await untilSettled('left', 'Expired')).status?.runs).toMatchObject([{ endedBy: 'Supervisor' }]);
});

it('the documented uninstall ends the session that runs, and leaves nothing', async () => {
  const running = await started('last');
  expect(await helm.type(inOrder)).toMatchObject({ code: 0 });
  const { ephemeralContainerStatuses = [] } = (await stage.pod('web')).status ?? {};
  const container = ephemeralContainerStatuses.find(({ name }) => name === running.status?.debugContainerName);
  expect(container).toMatchObject({ state: { terminated: {} } });
  expect(await remains()).toEqual([]);
});

it('an installation by kustomize becomes a release with --take-ownership, and a session that runs goes on', async () => {
  await installResourceAndRights();
  await installation.apply(image);
  const running = await started('moved');
  const [command = ''] = install.split('\nhelm test');
  const refused = await helm.type(command);
  expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/take-ownership|ownership metadata/)]);
  // Helm 4 applies on the server's side, where kubectl owns the image.
  const flags = helm.version === 4 ? '--take-ownership --force-conflicts' : '--take-ownership';
  expect(await helm.type(`${command.trim()} ${flags}`)).toMatchObject({ code: 0 });
  await expectUntouched(running);
  await stage.changeSession('moved', { cancel: true });
  await untilSettled('moved', 'Cancelled');
});

/** A copy of the chart with an older version, image and custom resource. */
function previousChart(): string {
  const folder = join(mkdtempSync(join(tmpdir(), 'debugsession-chart-')), 'debugsession');
  cpSync(CHART, folder, { recursive: true });
  const edit = (file: string, from: string | RegExp, to: string): void => {
    const before = readFileSync(join(folder, file), 'utf8');
    const after = before.replaceAll(from, to);
    expect(after).not.toBe(before);
    writeFileSync(join(folder, file), after);
  };
  edit('Chart.yaml', /^(version|appVersion): .*$/gm, '$1: 0.0.9');
  edit('templates/crds/debugpolicies.yaml', /^ +shortNames: .*\n/gm, '');
  return folder;
}

async function shortNames(): Promise<string> {
  const crd = 'crd/debugpolicies.debugsession.dev';
  return installation.kubectl('get', crd, '--output=jsonpath={.spec.names.shortNames}');
}

async function started(name: string, spec: { ttl?: string } = {}): Promise<DebugSession> {
  await stage.createSession(name, { ...endless, ttl: '10m', ...spec });
  return stage.untilPhase(name, 'Running');
}

/** The session and its container are what they were. */
async function expectUntouched({ metadata, status }: DebugSession): Promise<void> {
  const now = await stage.session(metadata.name);
  expect(now.status).toMatchObject({ phase: 'Running', expiresAt: status?.expiresAt, attempt: 1 });
  expect(now.status?.debugContainerName).toBe(status?.debugContainerName);
}

/** In this phase and let go of: nothing more is to come. */
function untilSettled(name: string, phase: string): Promise<DebugSession> {
  return stage.untilSession(name, (s) => s.status?.phase === phase && s.metadata.finalizers === undefined);
}

/** What there is of an installation, by the name of all its parts. */
async function remains(): Promise<string[]> {
  const kinds = ['namespaces', 'customresourcedefinitions', 'clusterroles', 'clusterrolebindings'];
  const policies = ['validating', 'mutating'].flatMap((kind) => [
    `${kind}admissionpolicies`,
    `${kind}admissionpolicybindings`,
  ]);
  const labelled = ['--selector=app.kubernetes.io/name=debugsession', '--output=name'];
  const found = await stage.cluster.kubectl(['get', [...kinds, ...policies].join(), ...labelled]);
  const own = await stage.cluster.kubectl(['get', 'namespace', OPERATOR_NAMESPACE, '--ignore-not-found', '-o=name']);
  expect([found.code, own.code]).toEqual([0, 0]);
  return `${found.stdout}${own.stdout}`.split('\n').filter((name) => name !== '');
}
