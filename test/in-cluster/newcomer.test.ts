import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { VERSION } from '../../src/version.ts';
import { mustRun } from '../cluster/run-program.ts';
import { appPod, ephemeralNames } from '../support/builders/pods.ts';
import { Helm } from '../support/cluster/helm.ts';
import { Installation, OPERATOR_NAMESPACE } from '../support/cluster/installation.ts';
import { Stage } from '../support/cluster/stage.ts';
import { documentedCommands } from '../support/documents/documented-commands.ts';
import { installResourceAndRights, untilBelieved } from '../support/jest/global-setup.ts';
import { madeRelease } from '../support/release/made-release.ts';

// Somebody who has the files of a release and no checkout types the commands of docs/install.md word by word.

const REPOSITORY = 'registry.example/debugsession-operator';
const typed = documentedCommands('docs/install.md', 'From the files of a release');
const [check = '', apply = '', helmInstall = '', plugin = '', applyNew = '', helmUpgrade = '', uninstall = ''] = typed;
const [, , , helmUninstall = ''] = documentedCommands('docs/install.md', 'With Helm');
let stage: Stage;
let installation: Installation;
let helm: Helm;
/** The newcomer's home, with the files of two releases. */
let home: string;

beforeAll(async () => {
  stage = await Stage.open('newcomer', { operator: false });
  installation = new Installation();
  helm = await Helm.open();
  home = mkdtempSync(join(tmpdir(), 'debugsession-newcomer-'));
  cpSync(await madeRelease(VERSION), join(home, 'new'), { recursive: true });
  await loadReleasedImage();
  await makeOlderRelease();
  await stage.runningPod('web', appPod());
  const kubeconfig = join(home, 'kubeconfig');
  copyFileSync(stage.cluster.kubeconfig ?? '', kubeconfig);
  await mustRun([stage.cluster.kubectlPath, 'config', 'set-context', '--current', `--namespace=${stage.namespace}`], {
    env: { ...process.env, KUBECONFIG: kubeconfig },
  });
  // What the suites' setup makes.
  expect(await helm.type('make uninstall')).toMatchObject({ code: 0 });
});

afterAll(async () => {
  rmSync(home, { recursive: true, force: true });
  helm.close();
  // The rights that the other suites need.
  await installResourceAndRights();
  await installation.remove();
  await installation.close();
  await stage.close();
});

/** Types into a shell in a folder of the newcomer's home. @returns what it says @throws Error with its last words */
async function type(commands: string, folder: 'new' | 'old' = 'new'): Promise<string> {
  const env = {
    ...helm.env,
    HOME: home,
    KUBECONFIG: join(home, 'kubeconfig'),
    NODE_OPTIONS: '',
    PATH: [join(home, '.local/bin'), helm.env['PATH']].join(delimiter),
  };
  return mustRun(['sh', '-euc', commands], { cwd: join(home, folder), env });
}

/** There is no registry: the node has the image of the release under the names that a pull would give it. */
async function loadReleasedImage(): Promise<void> {
  const { node } = stage.cluster;
  if (node === undefined) throw new Error('an image cannot be loaded into a cluster of somebody else');
  await node.loadImage(join(home, 'new', `debugsession-operator-${VERSION}.oci.tar`));
  const image = `${REPOSITORY}:${VERSION}`;
  for (const name of [`${REPOSITORY}@${digest()}`, `${REPOSITORY}:0.0.9`])
    expect(await node.ctr(['images', 'tag', '--force', image, name])).toMatchObject({ code: 0 });
}

function digest(): string {
  const text = readFileSync(join(home, 'new/install.yaml'), 'utf8');
  return /image: registry\.example\/debugsession-operator:\S+@(sha256:[0-9a-f]{64})$/m.exec(text)?.[1] ?? '';
}

/** The files of a version before this one: another image, and a custom resource without short names. */
async function makeOlderRelease(): Promise<void> {
  const old = join(home, 'old');
  mkdirSync(old);
  const text = readFileSync(join(home, 'new/install.yaml'), 'utf8');
  const older = text.replace(`${REPOSITORY}:${VERSION}@${digest()}`, `${REPOSITORY}:0.0.9`);
  expect(older).not.toBe(text);
  writeFileSync(join(old, 'install.yaml'), withoutShortNames(older));
  await mustRun(['tar', '-xzf', join(home, 'new', `debugsession-${VERSION}.tgz`), '-C', old]);
  const values = join(old, 'debugsession/values.yaml');
  const given = readFileSync(values, 'utf8').replace(/^ {2}digest: .*$/m, "  digest: ''");
  writeFileSync(values, given.replace(/^ {2}tag: .*$/m, '  tag: 0.0.9'));
  const crd = join(old, 'debugsession/templates/crds/debugpolicies.yaml');
  writeFileSync(crd, withoutShortNames(readFileSync(crd, 'utf8')));
  // The name in the command is that of the newer one.
  await mustRun(['tar', '-czf', join(old, `debugsession-${VERSION}.tgz`), '-C', old, 'debugsession']);
}

/** Of DebugPolicy. */
function withoutShortNames(text: string): string {
  const older = text.replace(/^ +shortNames:(?: \[dbgp\]\n|\n +- dbgp\n)/m, '');
  expect(older).not.toBe(text);
  return older;
}

/** Debugs a pod with the plugin, whose command ends by itself. */
async function expectDebugged(): Promise<void> {
  const before = ephemeralNames(await stage.pod('web')).length;
  expect(await type(plugin)).toMatch(/\/app$/m);
  expect(ephemeralNames(await stage.pod('web'))).toHaveLength(before + 1);
}

/** `kubectl dbg doctor` finds nothing broken, and knows the leader and the policies of the installation. */
async function expectHealthy(): Promise<void> {
  const said = await type('kubectl dbg doctor -o json');
  const { checks } = JSON.parse(said) as { checks: { name: string; state: string }[] };
  expect(checks.filter(({ state }) => state === 'broken')).toEqual([]);
  expect(checks.filter(({ state }) => state === 'ok').length).toBeGreaterThan(10);
}

/** A session that lives while the operator changes. */
async function expectOutlives(upgrade: string): Promise<void> {
  await stage.createSession('across', { target: { podName: 'web', containerName: 'app' }, command: ['sleep', '600'] });
  const { status } = await stage.untilPhase('across', 'Running');
  expect(await shortNames()).toBe('');
  await type(upgrade);
  expect(await shortNames()).not.toBe('');
  const now = await stage.session('across');
  expect(now.status).toMatchObject({ phase: 'Running', expiresAt: status?.expiresAt, attempt: 1 });
  expect(now.status?.debugContainerName).toBe(status?.debugContainerName);
}

async function shortNames(): Promise<string> {
  const crd = 'crd/debugpolicies.debugsession.dev';
  return installation.kubectl('get', crd, '--output=jsonpath={.spec.names.shortNames}');
}

/** What there is of an installation. */
async function remains(): Promise<string> {
  const policies = ['validating', 'mutating'].map((kind) => `${kind}admissionpolicies,${kind}admissionpolicybindings`);
  const kinds = `customresourcedefinitions,clusterroles,clusterrolebindings,${policies.join()}`;
  const found = await stage.cluster.kubectl([
    'get',
    kinds,
    '--selector=app.kubernetes.io/name=debugsession',
    '-o=name',
  ]);
  const own = await stage.cluster.kubectl(['get', 'namespace', OPERATOR_NAMESPACE, '--ignore-not-found', '-o=name']);
  expect([found.code, own.code]).toEqual([0, 0]);
  return `${found.stdout}${own.stdout}`;
}

it('the checksums of the release agree', async () => {
  expect(await type(check)).toContain('install.yaml: OK');
});

describe('install.yaml', () => {
  it('install.yaml installs an older release, and the plugin debugs a pod', async () => {
    await type(apply, 'old');
    await untilBelieved();
    expect(await installation.images()).toEqual([`${REPOSITORY}:0.0.9`, `${REPOSITORY}:0.0.9`]);
    await expectDebugged();
  });

  it('install.yaml of the release upgrades the operator and the custom resources while a session runs', async () => {
    await expectOutlives(applyNew);
    const image = `${REPOSITORY}:${VERSION}@${digest()}`;
    expect(await installation.images()).toEqual([image, image]);
    await untilBelieved();
    await expectDebugged();
    await expectHealthy();
  });

  it('the documented uninstall ends the sessions and leaves nothing', async () => {
    await type(uninstall);
    expect(await remains()).toBe('');
  });
});

describe('chart', () => {
  it('the chart installs an older release, and the plugin debugs a pod', async () => {
    expect(await type(helmInstall, 'old')).toMatch(/^Phase: +Succeeded$/m);
    await untilBelieved();
    expect(await installation.images()).toEqual([`${REPOSITORY}:0.0.9`, `${REPOSITORY}:0.0.9`]);
    await expectDebugged();
  });

  it('the chart of the release upgrades the operator and the custom resources while a session runs', async () => {
    await expectOutlives(helmUpgrade);
    const image = `${REPOSITORY}@${digest()}`;
    expect(await installation.images()).toEqual([image, image]);
    await untilBelieved();
    await expectDebugged();
    await expectHealthy();
  });

  it('the documented uninstall by Helm ends the sessions and leaves nothing', async () => {
    await type(helmUninstall);
    expect(await remains()).toBe('');
  });
});
