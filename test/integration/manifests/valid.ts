import { PROFILE_NAMES } from '../../../src/api/profiles.ts';
import { type CreateCase, IMAGE, MINIMAL, spec } from './table.ts';
import { LONGEST } from './too-long.ts';

function workload(apiVersion: string, kind: string): CreateCase {
  return { what: `a ${kind} as target`, spec: spec({ target: { workloadRef: { apiVersion, kind, name: 'web' } } }) };
}

export const VALID: CreateCase[] = [
  { what: 'a pod and an image', spec: MINIMAL },
  {
    what: 'every field',
    spec: {
      target: { podName: 'web-7c9f.a', containerName: 'app' },
      image:
        'registry.example:5000/debug/tools@sha256:0f4a1b2c0f4a1b2c0f4a1b2c0f4a1b2c0f4a1b2c0f4a1b2c0f4a1b2c0f4a1b2c',
      command: ['sh', '-c'],
      args: ['ps; exec "$0"', ''],
      env: [{ name: 'TERM', value: 'xterm' }, { name: 'EMPTY', value: '' }, { name: 'app.kubernetes-io_x' }],
      envFrom: [
        { prefix: 'DB_', secretRef: { name: 'db', optional: true } },
        { configMapRef: { name: 'settings.v2' } },
        { configMapRef: { name: 'settings.v2' }, prefix: '_' },
      ],
      volumeMounts: [
        { name: 'data', mountPath: '/data' },
        { name: 'data', mountPath: '/mnt/..data/a b', readOnly: true },
      ],
      workingDir: '/tmp',
      imagePullPolicy: 'IfNotPresent',
      stdin: true,
      tty: true,
      profile: 'restricted',
      securityContext: {
        allowPrivilegeEscalation: false,
        capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] },
        privileged: false,
        readOnlyRootFilesystem: true,
        runAsGroup: 0,
        runAsNonRoot: true,
        runAsUser: 2147483647,
        seccompProfile: { type: 'Localhost', localhostProfile: 'profiles/debug.json' },
      },
      supervisor: 'Shell',
      ttl: '1h30m',
      pendingTimeout: '10m',
      startTimeout: '2m',
      notAfter: '2026-12-01T00:00:00Z',
      cancel: false,
      ifUnstoppable: 'EvictPod',
      podAfterSession: 'Evict',
      ttlAfterFinished: '24h',
      attempt: 20,
      attachers: [
        { kind: 'User', name: 'olga' },
        { kind: 'ServiceAccount', name: 'robot', namespace: 'ci' },
        { kind: 'ServiceAccount', name: 'robot' },
      ],
      policyName: 'team.shop',
      justification: 'INC-4711 checkout is slow\n\tsince 14:00, says Zoë',
    },
  },
  workload('apps/v1', 'Deployment'),
  workload('apps/v1', 'StatefulSet'),
  workload('apps/v1', 'DaemonSet'),
  workload('apps/v1', 'ReplicaSet'),
  workload('batch/v1', 'Job'),
  {
    what: 'as many words as there may be',
    spec: spec({
      command: ['x'.repeat(10_000)],
      args: ['ä'.repeat(3_000)],
      env: [{ name: 'V', value: 'x'.repeat(383 - IMAGE.length) }],
    }),
  },
  { what: 'a name of 63 characters', spec: MINIMAL, sessionName: 'a'.repeat(63) },
  { what: 'a command alone', spec: spec({ command: ['ps'] }) },
  { what: 'a command and args', spec: spec({ command: ['ls'], args: ['-l', '/proc/1/root'] }) },
  {
    what: 'args without command where no supervisor wraps them',
    spec: spec({ supervisor: 'None', args: ['-i', 'eth0'] }),
  },
  { what: 'an empty list of args, as a template leaves it', spec: spec({ args: [] }) },
  {
    what: 'variables out of a secret and a config map',
    spec: spec({
      env: [
        { name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'db', key: 'password' } } },
        { name: 'CA', valueFrom: { configMapKeyRef: { name: 'kube-root-ca.crt', key: '.ca.crt', optional: true } } },
      ],
    }),
  },
  {
    what: 'as many sources and volumes as there may be',
    spec: spec({
      envFrom: Array.from({ length: 32 }, () => ({ secretRef: { name: 's'.repeat(253) } })),
      volumeMounts: Array.from({ length: 32 }, (_, i) => ({ name: 'data', mountPath: `/${'d'.repeat(200)}/${i}` })),
    }),
  },
  {
    what: 'places whose names only begin like those of the system',
    spec: spec({
      volumeMounts: [
        { name: 'data', mountPath: '/devices' },
        { name: 'data', mountPath: '/mnt/proc' },
        { name: 'data', mountPath: '/...' },
      ],
    }),
  },
  { what: 'a tty, stdin left to its default, no command', spec: spec({ tty: true }) },
  { what: 'a tty with stdin and a command', spec: spec({ tty: true, stdin: true, command: ['bash'] }) },
  { what: 'stdin without tty', spec: spec({ stdin: true, tty: false, command: ['cat'] }) },
  { what: 'neither stdin nor tty, no command', spec: spec({ stdin: false }) },
  { what: 'the shortest ttl', spec: spec({ ttl: '1s' }) },
  { what: 'the shortest ttl in ms', spec: spec({ ttl: '1000ms' }) },
  { what: 'the longest ttl', spec: spec({ ttl: '8760h' }) },
  { what: 'a ttl of four groups', spec: spec({ ttl: '1h2m3s4ms' }) },
  { what: 'the longest timeouts', spec: spec({ pendingTimeout: '8760h', startTimeout: '60m' }) },
  { what: 'a record that goes at once', spec: spec({ ttlAfterFinished: '0s' }) },
  { what: 'a record that is kept for a year', spec: spec({ ttlAfterFinished: '8760h' }) },
  { what: 'one that is cancelled before it begins', spec: spec({ cancel: true }) },
  { what: 'the other fates', spec: spec({ ifUnstoppable: 'Report', podAfterSession: 'Keep' }) },
  { what: 'notAfter with a zone and a fraction', spec: spec({ notAfter: '2026-12-01T01:00:00.123456+01:00' }) },
  { what: 'a securityContext with one field', spec: spec({ securityContext: { runAsUser: 1000 } }) },
  ...PROFILE_NAMES.map((profile) => ({
    what: `profile ${profile}`,
    spec: spec({ profile }),
  })),
  ...LONGEST,
];
