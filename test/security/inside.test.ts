import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { DebugSessionSpec } from '../../src/api/debugsession.ts';
import { nonrootDebugImage } from '../cluster/image-names.ts';
import { nameOf } from '../support/cluster/ending.ts';
import { shellPod } from '../support/builders/pods.ts';
import { Stage } from '../support/cluster/stage.ts';

// What somebody sees from inside a debug container that has joined an application which runs as root and holds a secret
// in its environment and a token.

let stage: Stage;
const target = { podName: 'web', containerName: 'app' };
const TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';
/** Ends with the number of what should not have worked. Process 1 is the application's. */
const BREAK_IN = [
  'cat /proc/1/environ && exit 11',
  'ls /proc/1/root/ && exit 12',
  `cat /proc/1/root${TOKEN} && exit 13`,
  'ls /proc/1/cwd/ && exit 14',
  'ls /proc/1/fd/ && exit 15',
  'head -c 1 /proc/1/mem && exit 16',
  'kill -9 1 && exit 17',
  'kill -0 1 && exit 18',
  'exit 0',
].join('\n');

beforeAll(async () => {
  stage = await Stage.open('inside');
  const { containers } = shellPod('sleep 3600') as { containers: object[] };
  const env = [{ name: 'PASSWORD', value: 'secret' }];
  await stage.runningPod('web', { ...shellPod('sleep 3600'), containers: [{ ...containers[0], env }] });
});

afterAll(() => stage.close());

/** The exit code of a script in the debug container. */
async function runs(name: string, script: string, spec: Partial<DebugSessionSpec> = {}): Promise<number | undefined> {
  await stage.createSession(name, { target, command: ['sh', '-c', script], ...spec });
  return (await stage.untilPhase(name, 'Completed')).status?.exitCode;
}

it('root sees the secret, the token and the files of the application', async () => {
  const script = `grep -q PASSWORD=secret /proc/1/environ && test -s /proc/1/root${TOKEN}`;
  expect(await runs('root', script)).toBe(0);
});

it.each<[string, Partial<DebugSessionSpec>]>([
  ['with the profile general', { profile: 'general', securityContext: { runAsUser: 1000 } }],
  ['with the profile baseline', { profile: 'baseline', securityContext: { runAsUser: 1000 } }],
  ['with the profile restricted', { profile: 'restricted', image: nonrootDebugImage }],
  [
    'with every capability that can be asked for',
    { securityContext: { runAsUser: 1000, capabilities: { add: ['ALL'] } } },
  ],
])('another user reads nothing of the application through /proc, and does not end it: %s', async (words, spec) => {
  expect(await runs(nameOf(words), BREAK_IN, spec)).toBe(0);
  const [app] = (await stage.pod('web')).status?.containerStatuses ?? [];
  expect(app).toMatchObject({ restartCount: 0, state: { running: {} } });
});

it('a debug container without a target sees only its own processes', async () => {
  const script = '! grep -l "s[l]eep 3600" /proc/[0-9]*/cmdline && ! grep -l PASSWORD=secret /proc/[0-9]*/environ';
  expect(await runs('alone', script, { target: { podName: 'web' } })).toBe(0);
});

it.each(['general', 'sysadmin'] as const)('a debug container has no token with the profile %s', async (profile) => {
  expect(await runs(`token-${profile}`, `! test -e /var/run/secrets && ! env | grep -i token`, { profile })).toBe(0);
  const { spec } = await stage.pod('web');
  for (const container of spec?.ephemeralContainers ?? []) expect(container).not.toHaveProperty('volumeMounts');
});

it('a debug container with the profile restricted has no capability and gains none', async () => {
  const script =
    'grep -q "^CapEff:.0000000000000000$" /proc/self/status && grep -q "^NoNewPrivs:.1$" /proc/self/status';
  expect(await runs('restricted-rights', script, { profile: 'restricted', image: nonrootDebugImage })).toBe(0);
});
