import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { nonrootImage } from '../../cluster/image-names.ts';
import { Terminal } from '../../support/cluster/attach.ts';
import { Guide } from '../../support/documents/guide.ts';
import { appPod, isReady } from '../../support/builders/pods.ts';
import { Stage } from '../../support/cluster/stage.ts';

// docs/guides: processes, files, network. The manifests are those that the guides print.

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open('guide-looking');
  const asNonroot = { containers: [{ name: 'app', image: nonrootImage, imagePullPolicy: 'IfNotPresent' }] };
  await stage.createPod('orders', { terminationGracePeriodSeconds: 1, ...asNonroot }, { labels: { app: 'orders' } });
  await stage.client.create(`/api/v1/namespaces/${stage.namespace}/services`, {
    metadata: { name: 'orders' },
    spec: { selector: { app: 'orders' }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  // After the service: the kubelet gives a pod the addresses of the services that there are.
  await stage.createPod('web', appPod());
  await Promise.all([stage.untilPod('web', isReady), stage.untilPod('orders', isReady)]);
});

afterAll(() => stage.close());

/** What the container of a completed session printed. */
async function printed(name: string): Promise<string> {
  const { status } = await stage.untilPhase(name, 'Completed');
  const logs = await stage.logs(status?.podName ?? '', status?.debugContainerName ?? '');
  expect(logs).toMatchObject({ code: 0 });
  return logs.stdout;
}

it('a terminal beside the application without a shell shows its processes', async () => {
  await new Guide('processes.md').apply(stage, 'look-at-web');
  const waited = await stage.kubectl(['wait', 'dbg/look-at-web', '--for=condition=Running', '--timeout=300s']);
  expect(waited.stdout).toContain('condition met');
  const terminal = await Terminal.attach(stage, await stage.session('look-at-web'));
  expect(await terminal.run('ps', /PID +USER +COMMAND[^]*\n *\d+ root +\{ps\} sh|root +ps\r?\n/)).toMatch(
    /\n +1 root +\/app\r?\n/,
  );
  await terminal.run('ls /proc/1/root/etc/app', /config\.yaml/);
  terminal.type('exit 3');
  await terminal.ended();
  expect((await stage.untilPhase('look-at-web', 'Completed')).status?.exitCode).toBe(3);
  const { status } = await stage.pod('web');
  expect(status?.containerStatuses?.[0]).toMatchObject({ name: 'app', restartCount: 0, ready: true });
});

it('a session with a command prints the processes of the application without a terminal', async () => {
  await new Guide('processes.md').apply(stage, 'processes-of-web');
  expect(await printed('processes-of-web')).toMatch(/^PID +USER +COMMAND\n +1 root +app\n/);
});

it('a session with the same user reads the files of the application through /proc/PID/root, and another does not', async () => {
  const guide = new Guide('files.md');
  await Promise.all(['config-of-web', 'config-of-orders', 'config-as-1000'].map((name) => guide.apply(stage, name)));
  const config = 'greeting: hello from the shell-less application\nlisten: ":8080"\n';
  expect(await printed('config-of-web')).toBe(config);
  const refused = await printed('config-of-orders');
  expect(refused.trim()).toBe("cat: can't open '/proc/1/root/etc/app/config.yaml': Permission denied");
  expect(guide.text).toContain(refused);
  expect((await stage.session('config-of-orders')).status?.exitCode).toBe(1);
  expect(await printed('config-as-1000')).toBe(config);
});

it('SYS_PTRACE of the profile general opens the files of any user to root, and to no other user', async () => {
  const target = { podName: 'orders', containerName: 'app' };
  const command = ['cat', '/proc/1/root/etc/app/config.yaml'];
  await stage.createSession('general', { target, command });
  await stage.createSession('general-as-1234', { target, command, securityContext: { runAsUser: 1234 } });
  expect(await printed('general')).toContain('greeting: hello');
  expect(await printed('general-as-1234')).toContain('Permission denied');
});

it('a session reads a volume of the application', async () => {
  const guide = new Guide('files.md');
  await guide.apply(stage, 'journal');
  await stage.untilPod('journal', isReady);
  await guide.apply(stage, 'read-journal');
  expect(await printed('read-journal')).toBe('opened\n');
});

it('a session has the network of the pod: its open port, a closed port and a service', async () => {
  await new Guide('network.md').apply(stage, 'network-of-web');
  const lines = (await printed('network-of-web')).split('\n');
  expect(lines).toContainEqual(expect.stringMatching(/:::8080 .*LISTEN/));
  expect(lines).toEqual(
    expect.arrayContaining([
      'ok',
      "nc: can't connect to remote host (127.0.0.1): Connection refused",
      '9090: nobody listens',
      'hello from the shell-less application',
    ]),
  );
});
