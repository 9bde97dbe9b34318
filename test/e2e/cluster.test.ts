import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Cluster, cluster, launchedCluster } from '../cluster/cluster.ts';
import { busyboxImage, distrolessImage } from '../cluster/image-names.ts';
import type { Instance } from '../cluster/instance.ts';
import { cachePaths, instanceFiles } from '../cluster/paths.ts';
import { type Outcome, run } from '../cluster/run-program.ts';
import { findInstance } from '../cluster/slots.ts';
import { instanceProcesses } from '../cluster/start.ts';
import { leftovers } from '../cluster/stop.ts';

// Named after the cluster of the suite: this file ends the cluster of that name, whoever has started it.
const name = `${process.env['CLUSTER_NAME'] || 'default'}-side`;
const paths = cachePaths(process.env);
const main = join(import.meta.dirname, '..', 'cluster', 'main.ts');
const launcher = (command: string): Promise<Outcome> => run([process.execPath, main, command, '--name', name]);

const ours = process.env['CLUSTER'] === 'current' ? describe.skip : describe;

ours('a second cluster beside the first', () => {
  let first: Cluster;
  beforeAll(async () => {
    first = cluster();
    await first.kubectl(['create', 'namespace', 'beside']);
    await launcher('down');
  });
  afterAll(async () => {
    await first.kubectl(['delete', 'namespace', 'beside', '--wait=false']);
    await launcher('down');
  });

  it('the launcher starts a cluster after a start that was killed midway, and removes its remains', async () => {
    await startAndKillMidway();
    const { stdout, stderr, code } = await launcher('up');
    expect(stderr).toMatch(/cleaning up after a start/);
    expect(code).toBe(0);
    expect(stdout).toContain(`cluster ${name} is ready after`);
    expect((await launcher('status')).code).toBe(0);
  });

  it('the launcher leaves a running cluster as it is when it is started again', async () => {
    const before = recordedPids(side());
    const { stdout, code } = await launcher('up');
    expect([code, stdout]).toEqual([0, expect.stringContaining(`cluster ${name} runs already`)]);
    expect(recordedPids(side())).toEqual(before);
  });

  it('pods of two clusters reach their own API server and a service, also after both have written their rules', async () => {
    const second = launchedCluster(side());
    await second.kubectl(['create', 'namespace', 'beside']);
    await Promise.all([runPods(first), runPods(second)]);
    for (const here of [first, second, first]) {
      const address = here.node?.apiServiceAddress ?? '';
      const service = await here.kubectl([
        '-n',
        'beside',
        'get',
        'service',
        'web',
        '--output=jsonpath={.spec.clusterIP}',
      ]);
      // No credentials: that it is this cluster's API server shows in the certificate's authority, that it answers in
      // the words.
      const call = `wget -qO- http://${service.stdout} && nc -w 5 ${address} 443 </dev/null && echo api answers`;
      const answer = await here.kubectl(['-n', 'beside', 'exec', 'shell', '--', 'sh', '-c', call]);
      expect(answer).toMatchObject({ code: 0, stdout: 'hello from the shell-less application\napi answers\n' });
    }
  });

  it('the launcher starts killed components again, and the pods run on', async () => {
    const second = launchedCluster(side());
    const killed = ['etcd', 'containerd', 'kubelet', 'kube-proxy'] as const;
    for (const component of killed) instanceProcesses(side()).signal(component, 'SIGKILL');
    expect((await launcher('status')).code).toBe(3);
    const { stdout, code } = await launcher('up');
    expect(code).toBe(0);
    expect(stdout).toMatch(/started again: etcd, containerd, kubelet, kube-proxy/);
    const template =
      '{range .items[*]}{.metadata.name} {.status.phase} {.status.containerStatuses[0].restartCount}{"\\n"}{end}';
    const pods = await second.kubectl(['-n', 'beside', 'get', 'pods', `--output=jsonpath=${template}`]);
    expect(pods.stdout).toBe('app Running 0\nshell Running 0\n');
    const again = await second.kubectl(['-n', 'beside', 'exec', 'shell', '--', 'echo', 'still here']);
    expect(again).toMatchObject({ code: 0, stdout: 'still here\n' });
  });

  it('containers run on while the kubelet is stopped, and exec works when the kubelet is back', async () => {
    const second = launchedCluster(side());
    const exec = () => second.kubectl(['-n', 'beside', 'exec', 'shell', '--', 'echo', 'here']);
    await second.node?.stopKubelet();
    expect((await exec()).code).not.toBe(0);
    await second.node?.startKubelet();
    expect(await exec()).toMatchObject({ code: 0, stdout: 'here\n' });
  });

  it('the launcher makes a kubeconfig that has the rights of a service account and no more', async () => {
    const second = launchedCluster(side());
    const kubeconfig = await second.createServiceAccountKubeconfig('beside', 'default');
    const who = await second.kubectl(['auth', 'whoami', '--output=jsonpath={.status.userInfo.username}'], {
      kubeconfig,
    });
    expect(who.stdout).toBe('system:serviceaccount:beside:default');
    const pods = await second.kubectl(['get', 'pods', '-n', 'beside'], { kubeconfig });
    expect(pods.stderr).toMatch(/Forbidden/);
  });

  it('the audit log of a launched cluster records each user and each request', async () => {
    const second = launchedCluster(side());
    const debug = ['-n', 'beside', 'debug', 'app', `--image=${busyboxImage}`, '--image-pull-policy=IfNotPresent'];
    expect((await second.kubectl([...debug, '--', 'true'])).code).toBe(0);
    const events = readFileSync(second.node?.auditLog ?? '', 'utf8')
      .split('\n')
      .filter((line) => line.includes('"subresource":"ephemeralcontainers"'))
      .map((line) => JSON.parse(line) as object);
    expect(events).toMatchObject([
      {
        level: 'RequestResponse',
        verb: 'patch',
        user: { username: 'admin' },
        objectRef: { namespace: 'beside', name: 'app' },
        requestObject: { spec: { ephemeralContainers: [{ image: busyboxImage }] } },
      },
    ]);
  });

  it('the launcher leaves nothing of a stopped cluster whose containerd has died, and the first cluster goes on', async () => {
    const instance = side();
    instanceProcesses(instance).signal('containerd', 'SIGKILL');
    expect(await launcher('down')).toMatchObject({
      code: 0,
      stdout: `cluster ${name} is down, nothing of it is left\n`,
    });
    await expectNothingLeft(instance);
    expect((await first.kubectl(['-n', 'beside', 'exec', 'shell', '--', 'echo', 'unharmed'])).stdout).toBe(
      'unharmed\n',
    );
  });

  it('the launcher leaves nothing of a cluster that is stopped after a start was killed midway', async () => {
    await startAndKillMidway();
    const instance = side();
    // The test would prove nothing if there were nothing to clean.
    expect(leftovers(instance).length).toBeGreaterThan(3);
    expect((await launcher('down')).code).toBe(0);
    await expectNothingLeft(instance);
    expect(existsSync(join(paths.slots, String(instance.slot)))).toBe(false);
  });
});

ours('a start that fails', () => {
  it('a failed start shows the last lines of the failed component, keeps its logs and leaves no process', async () => {
    const cache = cacheWithBrokenKubelet();
    const env = { ...process.env, DEBUGSESSION_CACHE: cache };
    const outcome = await run([process.execPath, main, 'up', '--name', 'broken'], { env });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(
      /kubelet ended while waiting .*; the last lines of kubelet.log:\nunknown flag: --nonsense\n/,
    );
    expect(readFileSync(join(cache, 'failed-starts', 'broken', 'kubelet.log'), 'utf8')).toContain('--nonsense');
    const status = await run([process.execPath, main, 'status', '--name', 'broken'], { env });
    expect(status).toMatchObject({ code: 4, stdout: 'there is no cluster broken\n' });
    expect((await run(['ip', 'netns', 'list'])).stdout).not.toContain('broken');
    rmSync(cache, { recursive: true });
  });
});

/** A cache folder whose programs are the real ones, but for a kubelet that refuses its flags. */
function cacheWithBrokenKubelet(): string {
  const cache = mkdtempSync(join(tmpdir(), 'broken-'));
  for (const folder of readdirSync(paths.programs)) {
    mkdirSync(join(cache, 'programs', folder), { recursive: true });
    for (const program of readdirSync(join(paths.programs, folder))) {
      const copy = join(cache, 'programs', folder, program);
      if (program === 'kubelet')
        writeFileSync(copy, '#!/bin/sh\necho "unknown flag: --nonsense"; exit 1\n', { mode: 0o755 });
      else symlinkSync(join(paths.programs, folder, program), copy);
    }
  }
  return cache;
}

function side(): Instance {
  const instance = findInstance(name, paths);
  if (instance === undefined) throw new Error(`the cluster ${name} has no slot`);
  return instance;
}

function recordedPids(instance: Instance): string[] {
  const { records } = instanceFiles(instance.folder);
  return readdirSync(records).map((file) => `${file} ${readFileSync(join(records, file), 'utf8').split(' ')[1]}`);
}

/** Kills the launcher, not what it started, at the moment the API server runs and the kubelet does not. */
async function startAndKillMidway(): Promise<void> {
  const child = spawn(process.execPath, [main, 'up', '--name', name], { stdio: 'ignore' });
  const ended = new Promise((done) => child.once('exit', done));
  const apiServerRuns = () => {
    const instance = findInstance(name, paths);
    return instance !== undefined && instanceProcesses(instance).isRunning('kube-apiserver');
  };
  while (!apiServerRuns() && child.exitCode === null) await new Promise((done) => setTimeout(done, 10));
  child.kill('SIGKILL');
  await ended;
  expect(apiServerRuns()).toBe(true);
  expect(existsSync(instanceFiles(side().folder).complete)).toBe(false);
}

async function runPods(here: Cluster): Promise<void> {
  const pod = (podName: string, container: object) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: podName, labels: { app: podName } },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', imagePullPolicy: 'IfNotPresent', ...container }],
    },
  });
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { selector: { app: 'app' }, ports: [{ port: 80, targetPort: 8080 }] },
  };
  const items = [
    pod('app', {
      image: distrolessImage,
      readinessProbe: { httpGet: { port: 8080, path: '/healthz' }, periodSeconds: 1 },
    }),
    pod('shell', { image: busyboxImage, command: ['sleep', '3600'] }),
    service,
  ];
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  // The controller manager may need a moment for the new namespace's service account.
  for (
    let tries = 0;
    (await here.kubectl(['-n', 'beside', 'apply', '-f', '-'], { input })).code !== 0 && tries < 50;
    tries++
  ) {
    await new Promise((done) => setTimeout(done, 100));
  }
  const ready = await here.kubectl(['-n', 'beside', 'wait', '--for=condition=Ready', 'pod', '--all', '--timeout=300s']);
  expect(ready).toMatchObject({ code: 0 });
}

/** Looks at the machine with other eyes than the launcher's own. */
async function expectNothingLeft(instance: Instance): Promise<void> {
  expect(leftovers(instance)).toEqual([]);
  const processes = await run(['sh', '-c', 'grep -lFf - /proc/[0-9]*/cmdline 2>/dev/null'], {
    input: `${instance.folder}/`,
  });
  expect(processes.stdout).toBe('');
  expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(instance.folder);
  expect((await run(['ip', 'netns', 'list'])).stdout).not.toContain(instance.netns);
  expect((await run(['ip', '-oneline', 'link'])).stdout).not.toContain(instance.hostLink);
  expect((await run(['iptables-save'])).stdout).not.toContain(instance.serviceSubnet.slice(0, -5));
  expect((await run(['find', '/sys/fs/cgroup', '-name', instance.cgroup])).stdout).toBe('');
  const status = await launcher('status');
  expect(status).toMatchObject({ code: 4, stdout: `there is no cluster ${name}\n` });
}
