import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DebugSession, DebugSessionSpec } from '../../src/api/debugsession.ts';
import { findCondition } from '../../src/api/conditions.ts';
import { busyboxImage, nonrootDebugImage } from '../cluster/image-names.ts';
import { isReady } from '../support/builders/pods.ts';
import { Policies } from '../support/builders/policies.ts';
import { refusedAtRequest } from '../support/cluster/refused-at-request.ts';
import { Stage } from '../support/cluster/stage.ts';

// What a session has of its pod although it joins no container: as docs/debugpolicy.md and docs/security.md say. The
// application is of another user, and may not write to its own root file system.

let stage: Stage;
let policies: Policies;
const APP_USER = 4242;
/** Kept by the application for itself; the names of its namespaces, for comparison. */
const APP = [
  'umask 077; echo of-the-application >/dev/shm/secret; umask 022',
  'for ns in ipc net uts pid mnt; do readlink /proc/self/ns/$ns >/dev/shm/ns-$ns; done',
  'while :; do sleep 1; done',
].join('; ');

beforeAll(async () => {
  stage = await Stage.open('without-joining');
  policies = new Policies(stage);
  await Promise.all(['web', 'confined'].map((name) => podOf(name, APP)));
});

afterAll(async () => {
  await stage.close();
  await policies.close();
});

async function podOf(name: string, script: string, more: object = {}, metadata: object = {}): Promise<void> {
  const securityContext = { runAsUser: APP_USER, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false };
  const app = { name: 'app', image: busyboxImage, imagePullPolicy: 'IfNotPresent', securityContext, ...more };
  const containers = [{ ...app, command: ['sh', '-c', script] }];
  await stage.createPod(name, { terminationGracePeriodSeconds: 1, containers }, metadata);
  await stage.untilPod(name, isReady);
}

/** The exit code of a script in a session that joins nothing, root if its spec says no more. */
async function runs(name: string, script: string, spec: Partial<DebugSessionSpec> = {}): Promise<number | undefined> {
  const command = ['sh', '-c', script];
  await stage.createSession(name, { target: { podName: 'web' }, profile: 'baseline', command, ...spec });
  const { status } = await stage.untilPhase(name, 'Completed');
  return status?.exitCode;
}

/** What the application sees. */
async function inApp(pod: string, ...command: string[]): Promise<string> {
  const { code, stdout } = await stage.kubectl(['exec', pod, '-c', 'app', '--', ...command]);
  expect(code).toBe(0);
  return stdout;
}

describe('root without a target container', () => {
  it('root has the IPC namespace, the network and the host name of the pod, and not its processes', async () => {
    const same =
      'for ns in ipc net uts; do [ "$(readlink /proc/self/ns/$ns)" = "$(cat /dev/shm/ns-$ns)" ] || exit 1; done';
    const other =
      'for ns in pid mnt; do [ "$(readlink /proc/self/ns/$ns)" != "$(cat /dev/shm/ns-$ns)" ] || exit 2; done';
    expect(await runs('namespaces', `${same}; ${other}`)).toBe(0);
  });

  it('root reads and writes the shared memory of the application, and leaves it changed', async () => {
    const script =
      'grep -q of-the-application /dev/shm/secret && echo changed >/dev/shm/secret && echo left >/dev/shm/left';
    expect(await runs('memory', script)).toBe(0);
    expect(await inApp('web', 'cat', '/dev/shm/secret', '/dev/shm/left')).toBe('changed\nleft\n');
  });

  it('root writes the hosts and the resolver of the application, which the application cannot write', async () => {
    const script = 'echo 192.0.2.1 payments.internal >>/etc/hosts && echo "nameserver 192.0.2.2" >/etc/resolv.conf';
    expect(await runs('hosts', script)).toBe(0);
    expect(await inApp('web', 'cat', '/etc/hosts')).toContain('192.0.2.1 payments.internal');
    expect(await inApp('web', 'cat', '/etc/resolv.conf')).toBe('nameserver 192.0.2.2\n');
  });

  it('root with a read-only root file system writes the hosts and not the resolver', async () => {
    const target = { podName: 'confined' };
    const script =
      'echo x >>/etc/resolv.conf && exit 1; echo x >/file && exit 2; echo 192.0.2.3 hosts.internal >>/etc/hosts';
    expect(await runs('read-only', script, { target, securityContext: { readOnlyRootFilesystem: true } })).toBe(0);
    expect(await inApp('confined', 'cat', '/etc/hosts')).toContain('192.0.2.3 hosts.internal');
  });

  it('root with the profile netadmin leaves the network of the pod changed', async () => {
    const target = { podName: 'confined' };
    expect(await runs('address', 'ip address add 192.0.2.9/32 dev lo', { target, profile: 'netadmin' })).toBe(0);
    expect(await inApp('confined', 'ip', 'address')).toContain('192.0.2.9/32');
  });

  it('the kubelet evicts the pod when root fills its disk, whatever the disruption budget says', async () => {
    const matchLabels = { app: 'bounded' };
    const budget = { metadata: { name: 'bounded' }, spec: { minAvailable: 1, selector: { matchLabels } } };
    await stage.client.create(`/apis/policy/v1/namespaces/${stage.namespace}/poddisruptionbudgets`, budget);
    const resources = { limits: { 'ephemeral-storage': '20Mi' } };
    await podOf('bounded', APP, { resources }, { labels: matchLabels });
    const script = 'dd if=/dev/zero of=/tmp/full bs=1M count=60; sleep 170';
    const command = ['sh', '-c', script];
    await stage.createSession('disk', { target: { podName: 'bounded' }, profile: 'baseline', command });
    const evicted = await stage.untilPod('bounded', ({ status }) => status?.phase === 'Failed');
    expect(evicted.status).toMatchObject({ reason: 'Evicted' });
  });
});

describe('the profile restricted', () => {
  it('the profile restricted reads and writes no file of another user', async () => {
    const script = [
      'cat /dev/shm/secret && exit 1',
      'echo x >/dev/shm/secret && exit 2',
      'echo x >>/etc/hosts && exit 3',
      'echo x >>/etc/resolv.conf && exit 4',
      'exit 0',
    ].join('\n');
    const spec = { target: { podName: 'confined' }, profile: 'restricted', image: nonrootDebugImage } as const;
    expect(await runs('restricted', script, spec)).toBe(0);
    expect(await inApp('confined', 'cat', '/dev/shm/secret')).toBe('of-the-application\n');
  });

  it('the profile restricted with a read-only root file system runs, ends at its ttl and satisfies a strict policy', async () => {
    const policyName = await policies.create('strict', {
      images: ['*/**:*'],
      profiles: ['restricted'],
      require: ['NonRoot', 'NoCapabilities', 'ReadOnlyRootFilesystem', 'NoJoin'],
    });
    const confined = { policyName, profile: 'restricted', image: nonrootDebugImage } as const;
    await stage.createSession('strict', {
      ...{
        target: { podName: 'confined' },
        ...confined,
        ttl: '3s',
        command: ['sh', '-c', 'echo x >/file && exit 1; sleep 600'],
      },
      securityContext: { readOnlyRootFilesystem: true },
    });
    const over = await stage.untilPhase('strict', 'Expired');
    expect(over.status?.runs).toMatchObject([
      { endedBy: 'Supervisor', meets: ['NonRoot', 'NoCapabilities', 'ReadOnlyRootFilesystem', 'NoJoin'] },
    ]);
  });

  it('a strict policy refuses a session that is not restricted, with every reason at once', async () => {
    const policyName = await policies.create('require', {
      profiles: ['baseline'],
      require: ['NonRoot', 'ReadOnlyRootFilesystem', 'NoJoin'],
    });
    const target = { podName: 'web' };
    expect(await refusedAtRequest(stage, { target, policyName, profile: 'baseline', command: ['true'] })).toMatch(
      /require NonRoot is not satisfied.*; require ReadOnlyRootFilesystem is not satisfied.*readOnlyRootFilesystem to true/,
    );
  });
});

describe('sessions that join one container', () => {
  const target = { podName: 'web', containerName: 'app' };
  const note = 'echo of-the-other >/tmp/note; sleep 600';
  /** Looks into every process of another mount namespace for the note, and changes it. */
  const intruder = [
    'own=$(readlink /proc/self/ns/mnt)',
    'for p in /proc/[0-9]*; do',
    '  [ "$(readlink $p/ns/mnt)" = "$own" ] && continue',
    '  grep -q of-the-other $p/root/tmp/note 2>/dev/null && echo changed >$p/root/tmp/changed && exit 0',
    'done',
    'exit 1',
  ].join('\n');
  const open = (session: DebugSession): string | undefined =>
    findCondition(session.status?.conditions, 'Reconciling')?.message;

  it('a session reads and writes the files of another session when both join one container', async () => {
    await stage.createSession('first', { target, command: ['sh', '-c', note], ttl: '10m' });
    await stage.untilPhase('first', 'Running');
    expect(await runs('second', intruder, { target, profile: 'general' })).toBe(0);
    await stage.changeSession('first', { cancel: true });
    await stage.untilPhase('first', 'Cancelled');
  });

  it('limits.perTarget: 1 keeps sessions that join one container apart until the first has ended', async () => {
    const policyName = await policies.create('apart', { allow: ['TargetContainer'], limits: { perTarget: 1 } });
    await stage.createSession('third', { policyName, target, command: ['sh', '-c', note], ttl: '10m' });
    await stage.untilPhase('third', 'Running');
    await stage.createSession('fourth', { policyName, target, command: ['sh', '-c', intruder] });
    const waits = await stage.untilPhase('fourth', 'Pending');
    expect(open(waits)).toMatch(
      /sets limits\.perTarget to 1, and there is 1 live session in the process namespace of container app of pod web/,
    );
    // One that joins nothing is in nobody's way.
    await stage.createSession('fifth', { policyName, target: { podName: 'web' }, command: ['true'] });
    await stage.untilPhase('fifth', 'Completed');
    await stage.changeSession('third', { cancel: true });
    const { status } = await stage.untilPhase('fourth', 'Completed');
    expect(status?.exitCode).toBe(1);
  });
});
