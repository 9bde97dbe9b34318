import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { DebugSession, DebugSessionSpec } from '../../src/api/debugsession.ts';
import { busyboxImage } from '../cluster/image-names.ts';
import { containerID, isBackingOff, isReady, shellPod } from '../support/builders/pods.ts';
import { tellToEnd, UNTIL_TOLD } from '../support/cluster/until-told.ts';
import { Stage } from '../support/cluster/stage.ts';

// Volumes of the pod and values out of secrets, in the debug container.

let stage: Stage;

/** Found nowhere but where it was asked for. */
const PASSWORD = `hush-${randomBytes(8).toString('hex')}`;

const MOUNTS = ['data', 'settings', 'db'].map((name) => ({ name, mountPath: `/app/${name}` }));

/**
 * An application with a journal in a volume, and volumes out of a config map and a secret. One volume nobody mounts: it
 * could not be set up.
 */
function aPod(script: string): object {
  return shellPod(script, {
    containers: [
      {
        name: 'app',
        image: busyboxImage,
        imagePullPolicy: 'IfNotPresent',
        command: ['sh', '-c', `echo opened >> /app/data/journal; ${script}`],
        volumeMounts: MOUNTS,
      },
    ],
    volumes: [
      { name: 'data', emptyDir: {} },
      { name: 'settings', configMap: { name: 'settings' } },
      { name: 'db', secret: { secretName: 'db' } },
      { name: 'spare', secret: { secretName: 'nosuch' } },
    ],
  });
}

/** Ends when it is told to, once. */
const MORTAL = `${UNTIL_TOLD}; exit 1`;

const PODS = { web: 'exec sleep 3600', mortal: MORTAL, broken: 'exit 1', spared: MORTAL };

beforeAll(async () => {
  stage = await Stage.open('volumes');
  const keys = { password: PASSWORD, DEBUGSESSION_UID: 'forged', DEBUGSESSION_ATTEMPT: '99' };
  const core = `/api/v1/namespaces/${stage.namespace}`;
  await Promise.all([
    stage.client.create(`${core}/secrets`, { metadata: { name: 'db' }, stringData: keys }),
    stage.client.create(`${core}/configmaps`, { metadata: { name: 'settings' }, data: { greeting: 'hello' } }),
  ]);
  await Promise.all(Object.entries(PODS).map(([name, script]) => stage.createPod(name, aPod(script))));
  await Promise.all(['web', 'mortal', 'spared'].map((name) => stage.untilPod(name, isReady)));
});

afterAll(() => stage.close());

type Asked = Partial<DebugSessionSpec> & Pick<DebugSessionSpec, 'target'>;

/** What a session's one script printed. */
async function printed(name: string, script: string, spec: Asked): Promise<string> {
  await stage.createSession(name, { command: ['sh', '-c', script], ttl: '1m', ...spec });
  const { status } = await stage.untilSession(name, (s) => ['Completed', 'Failed'].includes(s.status?.phase ?? ''));
  expect(status?.phase).toBe('Completed');
  const logs = await stage.logs(status?.podName ?? '', status?.debugContainerName ?? '');
  expect(logs.code).toBe(0);
  return logs.stdout;
}

async function inApp(pod: string, ...command: string[]): Promise<string> {
  const { code, stdout, stderr } = await stage.kubectl(['exec', pod, '-c', 'app', '--', ...command]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

/** Which application runs, for the how-manieth time. */
async function application(pod: string): Promise<unknown[]> {
  const status = (await stage.pod(pod)).status?.containerStatuses?.[0];
  return [status?.restartCount, status?.ready, containerID(status)];
}

describe('volumes', () => {
  it('a debug container reads and writes the volumes of the application, and the application runs on', async () => {
    const before = await application('web');
    const script =
      'cat /mnt/journal /etc/settings/greeting; echo; cat /keys/password; echo; echo "by hand" > /mnt/note';
    const volumeMounts = [
      { name: 'data', mountPath: '/mnt' },
      { name: 'settings', mountPath: '/etc/settings', readOnly: true },
      { name: 'db', mountPath: '/keys' },
    ];
    expect(await printed('both-ways', script, { target: { podName: 'web' }, volumeMounts })).toBe(
      `opened\nhello\n${PASSWORD}\n`,
    );
    expect(await inApp('web', 'cat', '/app/data/note')).toBe('by hand\n');
    expect(await application('web')).toEqual(before);
    expect(before.slice(0, 2)).toEqual([0, true]);
  });

  it('a debug container cannot write a volume with readOnly, and can write the others', async () => {
    const volumeMounts = [
      { name: 'data', mountPath: '/ro', readOnly: true },
      { name: 'data', mountPath: '/rw' },
    ];
    const script = 'touch /ro/a 2>&1; touch /rw/b && ls /ro/b; umount /ro 2>&1 | sed "s/.*: //"';
    expect(await printed('read-only', script, { target: { podName: 'web' }, volumeMounts, profile: 'baseline' })).toBe(
      'touch: /ro/a: Read-only file system\n/ro/b\nOperation not permitted\n',
    );
  });

  it('a debug container sees the volumes and the processes of the application at once', async () => {
    const target = { podName: 'web', containerName: 'app' };
    const volumeMounts = [{ name: 'data', mountPath: '/mnt/in/two levels' }];
    const script =
      'head -n1 "/mnt/in/two levels/journal" /proc/1/root/app/data/journal; tr "\\0" " " < /proc/1/cmdline';
    const seen = await printed('joined', script, { target, volumeMounts });
    expect(seen.match(/opened/g)).toHaveLength(2);
    expect(seen).toMatch(/sleep 3600 $/);
  });

  it('a debug container reads the volumes of an application that crash-loops', async () => {
    await stage.untilPod('broken', isBackingOff);
    const volumeMounts = [{ name: 'data', mountPath: '/mnt' }];
    expect(await printed('post-mortem', 'head -n1 /mnt/journal', { target: { podName: 'broken' }, volumeMounts })).toBe(
      'opened\n',
    );
  });

  it.each([
    ['none', 'nowhere', 'VolumeNotFound', 'Pod spared has no volume nowhere; it has data, settings, db, spare'],
    ['unmounted', 'spare', 'VolumeNotMounted', 'No container of pod spared mounts its volume spare'],
  ])('the operator refuses a volume that no container can use before it changes the pod: %s', async (...row) => {
    const [name, volume, reason, words] = row;
    const volumeMounts = [{ name: volume, mountPath: '/mnt' }];
    await stage.createSession(name, { target: { podName: 'spared' }, command: ['true'], volumeMounts });
    const { status } = await stage.untilPhase(name, 'Failed');
    expect(status?.runs?.[0]).toMatchObject({ reason, message: expect.stringContaining(words) });
    expect((await stage.pod('spared')).spec).not.toHaveProperty('ephemeralContainers');
  });
});

describe('secrets', () => {
  const env = [
    { name: 'DEBUGSESSION_UID', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } },
    { name: 'KEY', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } },
    { name: 'GREETING', valueFrom: { configMapKeyRef: { name: 'settings', key: 'greeting' } } },
    { name: 'URL', value: 'db://$(KEY)@host' },
    { name: 'NONE', valueFrom: { secretKeyRef: { name: 'nosuch', key: 'x', optional: true } } },
  ];
  const envFrom = [
    { secretRef: { name: 'db' } },
    { prefix: 'S_', configMapRef: { name: 'settings' } },
    { secretRef: { name: 'nosuch', optional: true } },
  ];

  it('a secret gets into the environment of the command, and into no object, event or log of the operator', async () => {
    const script =
      'echo "$KEY $password $GREETING $S_greeting $URL ${NONE-none} $0 $DEBUGSESSION_UID $DEBUGSESSION_ATTEMPT"';
    await stage.createSession('env', {
      target: { podName: 'web' },
      command: ['sh', '-c', script, '$(KEY)'],
      env,
      envFrom,
    });
    const { metadata, status } = await stage.untilPhase('env', 'Completed');
    const logs = await stage.logs('web', status?.debugContainerName ?? '');
    const url = `db://${PASSWORD}@host`;
    expect(logs.stdout).toBe(`${PASSWORD} ${PASSWORD} hello hello ${url} none ${PASSWORD} ${metadata.uid} 1\n`);
    const told = [
      await stage.session('env'),
      await stage.pod('web'),
      await stage.events('DebugSession', 'env'),
      await stage.events('Pod', 'web'),
      stage.operators.map(({ lines, garbage }) => [lines, garbage]),
    ];
    const text = JSON.stringify(told);
    expect(text).toContain('GREETING');
    expect(text).not.toContain(PASSWORD);
    expect(text).not.toContain(Buffer.from(PASSWORD).toString('base64').slice(0, 20));
  });

  it('a missing secret keeps the debug container from starting, in the words of the kubelet, and not the application', async () => {
    const missing = (name: string, spec: Partial<DebugSessionSpec>): Promise<DebugSession> =>
      stage.createSession(name, { target: { podName: 'mortal' }, command: ['true'], startTimeout: '20s', ...spec });
    await missing('no-secret', { envFrom: [{ secretRef: { name: 'nosuch' } }] });
    await missing('no-key', { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'db', key: 'nosuch' } } }] });
    const waits = (session: DebugSession): boolean =>
      session.status?.conditions?.some(({ reason }) => reason === 'ContainerConfigError') === true;
    await Promise.all([stage.untilSession('no-secret', waits), stage.untilSession('no-key', waits)]);
    await tellToEnd(stage, 'mortal');
    const again = await stage.untilPod('mortal', (pod) => {
      const [app] = pod.status?.containerStatuses ?? [];
      return app?.restartCount === 1 && app.ready === true;
    });
    expect(again.status?.phase).toBe('Running');
    const words = { 'no-secret': /secret "nosuch" not found/, 'no-key': /couldn't find key nosuch in Secret/ };
    for (const [name, message] of Object.entries(words)) {
      const { status } = await stage.untilPhase(name, 'Failed');
      expect(status?.runs?.[0]).toMatchObject({
        reason: 'ContainerConfigError',
        message: expect.stringMatching(message),
      });
    }
  });
});
