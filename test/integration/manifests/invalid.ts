import { PROFILE_NAMES } from '../../../src/api/profiles.ts';
import { PEOPLE } from './people.ts';
import { type CreateCase, MINIMAL, wrong } from './table.ts';
import { TOO_LONG } from './too-long.ts';

const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' };
const SUBDOMAIN = "must be a DNS subdomain name such as web-7c9f: lower case letters, digits, '-' and '.'";
const DURATION = 'must be a duration such as 45s, 30m or 1h30m';

const TARGET: CreateCase[] = [
  wrong('no target', { target: undefined }, 'spec.target: Required value'),
  wrong(
    'an empty target',
    { target: {} },
    'spec.target: Invalid value: exactly one of podName and workloadRef must be set',
  ),
  wrong('only a container', { target: { containerName: 'app' } }, 'exactly one of podName and workloadRef must be set'),
  wrong(
    'two targets',
    { target: { podName: 'web', workloadRef } },
    'exactly one of podName and workloadRef must be set',
  ),
  wrong('another namespace', { target: { podName: 'a', namespace: 'b' } }, 'unknown field "spec.target.namespace"'),
  wrong(
    'a pod name in capitals',
    { target: { podName: 'Web' } },
    `spec.target.podName: Invalid value: "Web": ${SUBDOMAIN}`,
  ),
  wrong(
    'a pod name with a slash',
    { target: { podName: 'pod/web' } },
    'spec.target.podName: Invalid value: "pod/web": must be a DNS subdomain',
  ),
  wrong(
    'an empty pod name',
    { target: { podName: '' } },
    'spec.target.podName: Invalid value: "": spec.target.podName in body should be at least 1 chars long',
  ),
  wrong(
    'a pod name that is too long',
    { target: { podName: 'a'.repeat(254) } },
    'spec.target.podName: Too long: may not be more than 253',
  ),
  wrong(
    'a container name with a dot',
    { target: { podName: 'a', containerName: 'app.1' } },
    `spec.target.containerName: Invalid value: "app.1": must be a container name such as app: lower case letters, digits and '-'`,
  ),
  wrong(
    'a Job of apps/v1',
    { target: { workloadRef: { ...workloadRef, kind: 'Job' } } },
    'spec.target.workloadRef: Invalid value: there is no Job in apps/v1: Deployment, StatefulSet, DaemonSet and ReplicaSet are of apps/v1, Job is of batch/v1',
  ),
  wrong(
    'a Deployment of batch/v1',
    { target: { workloadRef: { ...workloadRef, apiVersion: 'batch/v1' } } },
    'there is no Deployment in batch/v1: Deployment, StatefulSet, DaemonSet and ReplicaSet are of apps/v1, Job is of batch/v1',
  ),
  wrong(
    'a workload of another kind',
    { target: { workloadRef: { ...workloadRef, kind: 'CronJob' } } },
    'spec.target.workloadRef.kind: Unsupported value: "CronJob"',
  ),
  wrong(
    'a workload of an old version',
    { target: { workloadRef: { ...workloadRef, apiVersion: 'apps/v1beta1' } } },
    'spec.target.workloadRef.apiVersion: Unsupported value: "apps/v1beta1": supported values: "apps/v1", "batch/v1"',
  ),
  wrong(
    'a workload without name',
    { target: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment' } } },
    'spec.target.workloadRef.name: Required value',
  ),
  wrong(
    'a workload name with a blank',
    { target: { workloadRef: { ...workloadRef, name: 'my web' } } },
    `spec.target.workloadRef.name: Invalid value: "my web": ${SUBDOMAIN}`,
  ),
];

const CONTAINER: CreateCase[] = [
  wrong('no image', { image: undefined }, 'spec.image: Required value'),
  wrong(
    'an empty image',
    { image: '' },
    'spec.image: Invalid value: "": spec.image in body should be at least 1 chars long',
  ),
  wrong(
    'an image with a blank before it',
    { image: ' busybox' },
    'spec.image: Invalid value: " busybox": must be an image reference such as busybox:1.36, without blanks and control characters',
  ),
  wrong(
    'an image with a line break after it',
    { image: 'busybox\n' },
    'must be an image reference such as busybox:1.36',
  ),
  wrong(
    'an image with an escape character',
    { image: 'busy\u001bbox' },
    'must be an image reference such as busybox:1.36',
  ),
  wrong(
    'a command that is one string',
    { command: 'sh' },
    'spec.command: Invalid value: "string": spec.command in body must be of type array: "string"',
  ),
  wrong(
    'an empty command',
    { command: [] },
    'spec.command: Invalid value: 0: spec.command in body should have at least 1 items',
  ),
  wrong('a NUL in a command', { command: ['a\u0000b'] }, 'spec.command[0]'),
  wrong('a number in a command', { command: ['sleep', 5] }, 'spec.command[1] in body must be of type string'),
  wrong(
    'args without command under the supervisor',
    { args: ['-l'] },
    'spec.args: Invalid value: args need command: the sh supervisor cannot wrap an ENTRYPOINT it does not know; set command, or supervisor None',
  ),
  wrong('the same, the supervisor named', { args: ['-l'], supervisor: 'Shell' }, 'args need command'),
  wrong(
    'an env name that begins with a digit',
    { env: [{ name: '1A' }] },
    `spec.env[0].name: Invalid value: "1A": must be a variable name: letters, digits, '_', '-' and '.', not starting with a digit`,
  ),
  wrong('an env name with an equals sign', { env: [{ name: 'A=B' }] }, 'must be a variable name'),
  wrong('an env entry without name', { env: [{ value: 'x' }] }, 'spec.env[0].name: Required value'),
  wrong('an env name twice', { env: [{ name: 'A' }, { name: 'A' }] }, 'spec.env[1]: Duplicate value: {"name":"A"}'),
  wrong(
    '101 env entries',
    { env: Array.from({ length: 101 }, (_, i) => ({ name: `A${i}` })) },
    'spec.env: Too many: 101: must have at most 100 items',
  ),
  wrong(
    'a relative working directory',
    { workingDir: 'tmp' },
    'spec.workingDir: Invalid value: "tmp": must be an absolute path such as /tmp',
  ),
  wrong(
    'a working directory that forges a line',
    { workingDir: '/tmp/\n' },
    'spec.workingDir: Invalid value: "/tmp/\\n": must not hold control characters',
  ),
  wrong(
    'an unknown pull policy',
    { imagePullPolicy: 'always' },
    'spec.imagePullPolicy: Unsupported value: "always": supported values: "Always", "IfNotPresent", "Never"',
  ),
  wrong('a tty without stdin', { tty: true, stdin: false }, 'spec.tty: Invalid value: tty needs stdin'),
  wrong(
    'a tty with a command, stdin left to its default',
    { tty: true, command: ['bash'] },
    'spec.tty: Invalid value: tty needs stdin, which is false by default when there is a command: set stdin to true as well',
  ),
  wrong(
    'the profile root',
    { profile: 'root' },
    `spec.profile: Unsupported value: "root": supported values: ${PROFILE_NAMES.map((name) => `"${name}"`).join(', ')}`,
  ),
  wrong(
    'another supervisor',
    { supervisor: 'none' },
    'spec.supervisor: Unsupported value: "none": supported values: "Shell", "None"',
  ),
  wrong(
    'a negative user id',
    { securityContext: { runAsUser: -1 } },
    'spec.securityContext.runAsUser: Invalid value: -1: spec.securityContext.runAsUser in body should be greater than or equal to 0',
  ),
  wrong(
    'a user id by name',
    { securityContext: { runAsUser: 'nobody' } },
    'spec.securityContext.runAsUser in body must be of type integer',
  ),
  wrong(
    'a field of Windows',
    { securityContext: { windowsOptions: {} } },
    'unknown field "spec.securityContext.windowsOptions"',
  ),
  wrong(
    'seccomp without type',
    { securityContext: { seccompProfile: {} } },
    'spec.securityContext.seccompProfile.type: Required value',
  ),
];

/** One variable with this source. */
function from(valueFrom: unknown, more: object = {}): Record<string, unknown> {
  return { env: [{ name: 'A', valueFrom, ...more }] };
}

const KEY = "must be a key such as password or ca.crt: letters, digits, '-', '_' and '.'";
const ONE_KEY = 'spec.env[0].valueFrom: Invalid value: exactly one of secretKeyRef and configMapKeyRef must be set';
const ONE_SOURCE = 'spec.envFrom[0]: Invalid value: exactly one of secretRef and configMapRef must be set';

const SECRETS: CreateCase[] = [
  wrong(
    'a value and where it comes from',
    from({ secretKeyRef: { name: 's', key: 'k' } }, { value: '' }),
    'spec.env[0]: Invalid value: at most one of value and valueFrom may be set',
  ),
  wrong('a value from nowhere', from({}), ONE_KEY),
  wrong(
    'a value from two places',
    from({ secretKeyRef: { name: 's', key: 'k' }, configMapKeyRef: { name: 'c', key: 'k' } }),
    ONE_KEY,
  ),
  wrong(
    'a value from a field of the pod',
    from({ fieldRef: { fieldPath: 'spec.nodeName' } }),
    'unknown field "spec.env[0].valueFrom.fieldRef"',
  ),
  wrong(
    'a value from a limit of the pod',
    from({ resourceFieldRef: { resource: 'limits.cpu' } }),
    'unknown field "spec.env[0].valueFrom.resourceFieldRef"',
  ),
  ...['secretKeyRef', 'configMapKeyRef'].flatMap((kind) => [
    wrong(
      `a ${kind} without key`,
      from({ [kind]: { name: 's' } }),
      `spec.env[0].valueFrom.${kind}.key: Required value`,
    ),
    wrong(
      `a ${kind} without name`,
      from({ [kind]: { key: 'k' } }),
      `spec.env[0].valueFrom.${kind}.name: Required value`,
    ),
    wrong(
      `a ${kind} of another namespace`,
      from({ [kind]: { name: 's', key: 'k', namespace: 'kube-system' } }),
      `unknown field "spec.env[0].valueFrom.${kind}.namespace"`,
    ),
    wrong(
      `a ${kind} by a path`,
      from({ [kind]: { name: '../kube-system/s', key: 'k' } }),
      `spec.env[0].valueFrom.${kind}.name: Invalid value: "../kube-system/s": ${SUBDOMAIN}`,
    ),
    wrong(
      `a ${kind} with a key that is a path`,
      from({ [kind]: { name: 's', key: 'a/b' } }),
      `spec.env[0].valueFrom.${kind}.key: Invalid value: "a/b": ${KEY}`,
    ),
    wrong(
      `a ${kind} with a key that leads upwards`,
      from({ [kind]: { name: 's', key: '..data' } }),
      `spec.env[0].valueFrom.${kind}.key: Invalid value: "..data": ${KEY}`,
    ),
  ]),
  wrong('a source of nothing', { envFrom: [{ prefix: 'A_' }] }, ONE_SOURCE),
  wrong('a source of two', { envFrom: [{ secretRef: { name: 's' }, configMapRef: { name: 'c' } }] }, ONE_SOURCE),
  wrong(
    'a prefix that no variable can have',
    { envFrom: [{ prefix: 'A=', secretRef: { name: 's' } }] },
    `spec.envFrom[0].prefix: Invalid value: "A=": must be the beginning of a variable name: letters, digits, '_', '-' and '.', not starting with a digit`,
  ),
  ...['secretRef', 'configMapRef'].flatMap((kind) => [
    wrong(`a ${kind} without name`, { envFrom: [{ [kind]: {} }] }, `spec.envFrom[0].${kind}.name: Required value`),
    wrong(
      `a ${kind} in capitals`,
      { envFrom: [{ [kind]: { name: 'S' } }] },
      `spec.envFrom[0].${kind}.name: Invalid value: "S": ${SUBDOMAIN}`,
    ),
    wrong(
      `a ${kind} of another namespace`,
      { envFrom: [{ [kind]: { name: 's', namespace: 'kube-system' } }] },
      `unknown field "spec.envFrom[0].${kind}.namespace"`,
    ),
  ]),
  wrong(
    '33 sources of variables',
    { envFrom: Array.from({ length: 33 }, () => ({ secretRef: { name: 's' } })) },
    'spec.envFrom: Too many: 33: must have at most 32 items',
  ),
];

/** One volume, mounted like this. */
function mounted(mount: object): Record<string, unknown> {
  return { volumeMounts: [{ name: 'data', mountPath: '/data', ...mount }] };
}

const PLACE =
  "must be an absolute path such as /data, without ':', without '.' or '..' as a part, and without '/' at the end";

const VOLUMES: CreateCase[] = [
  wrong('a mount of nothing', mounted({ name: undefined }), 'spec.volumeMounts[0].name: Required value'),
  wrong('a mount at no place', mounted({ mountPath: undefined }), 'spec.volumeMounts[0].mountPath: Required value'),
  wrong(
    'a volume by a path of the node',
    mounted({ name: '/etc' }),
    `spec.volumeMounts[0].name: Invalid value: "/etc": must be the name of a volume such as data: lower case letters, digits and '-'`,
  ),
  ...['data', '/data/', '//data', '/a/../dev', '/./dev', '/data:ro', '/a/..', '/a\u0007'].map((mountPath) =>
    wrong(`a mount at ${JSON.stringify(mountPath)}`, mounted({ mountPath }), `${PLACE}`),
  ),
  wrong(
    'a mount at the root',
    mounted({ mountPath: '/' }),
    'spec.volumeMounts[0].mountPath in body should be at least 2 chars long',
  ),
  wrong(
    'a mount in the clouds',
    mounted({ mountPath: 'x' + '/y'.repeat(3) }),
    `spec.volumeMounts[0].mountPath: Invalid value: "x/y/y/y": ${PLACE}`,
  ),
  ...['/dev', '/dev/termination-log', '/dev/shm', '/proc', '/proc/1', '/sys/fs/cgroup'].map((mountPath) =>
    wrong(
      `a mount at ${mountPath}`,
      mounted({ mountPath }),
      `spec.volumeMounts[0].mountPath: Invalid value: "${mountPath}": must not be in /dev, /proc or /sys: the supervisor and the kubelet need them`,
    ),
  ),
  ...['subPath', 'subPathExpr', 'mountPropagation', 'recursiveReadOnly'].map((field) =>
    wrong(`a mount with ${field}`, mounted({ [field]: 'x' }), `unknown field "spec.volumeMounts[0].${field}"`),
  ),
  wrong(
    'two mounts at one place',
    {
      volumeMounts: [
        { name: 'a', mountPath: '/data' },
        { name: 'b', mountPath: '/data' },
      ],
    },
    'spec.volumeMounts[1]: Duplicate value: {"mountPath":"/data"}',
  ),
  wrong(
    '33 mounts',
    { volumeMounts: Array.from({ length: 33 }, (_, i) => ({ name: 'data', mountPath: `/d${i}` })) },
    'spec.volumeMounts: Too many: 33: must have at most 32 items',
  ),
  wrong(
    'a volume of its own',
    { volumes: [{ name: 'data', hostPath: { path: '/' } }] },
    'unknown field "spec.volumes"',
  ),
  wrong(
    'a block device',
    { volumeDevices: [{ name: 'data', devicePath: '/dev/xvda' }] },
    'unknown field "spec.volumeDevices"',
  ),
];

const POLICY: CreateCase[] = [
  wrong(
    'a policy in capitals',
    { policyName: 'Default' },
    `spec.policyName: Invalid value: "Default": must be the name of a DebugPolicy such as default: lower case letters, digits, '-' and '.'`,
  ),
  wrong('a policy without a name', { policyName: '' }, 'spec.policyName in body should be at least 1 chars long'),
  wrong('two policies', { policyName: ['a', 'b'] }, 'spec.policyName in body must be of type string'),
];

const TIMES: CreateCase[] = [
  wrong('a ttl without unit', { ttl: '30' }, `spec.ttl: Invalid value: "30": ${DURATION}`),
  wrong(
    'a ttl that is a number',
    { ttl: 30 },
    'spec.ttl: Invalid value: "integer": spec.ttl in body must be of type string',
  ),
  wrong('a ttl in days', { ttl: '1d' }, `spec.ttl: Invalid value: "1d": ${DURATION}`),
  wrong('a ttl with a fraction', { ttl: '1.5h' }, `spec.ttl: Invalid value: "1.5h": ${DURATION}`),
  wrong('a negative ttl', { ttl: '-30m' }, `spec.ttl: Invalid value: "-30m": ${DURATION}`),
  wrong('a ttl with a line break', { ttl: '30m\n' }, `spec.ttl: Invalid value: "30m\\n": ${DURATION}`),
  wrong('a ttl of nothing', { ttl: '0s' }, 'spec.ttl: Invalid value: "0s": must be at least 1s'),
  wrong('a ttl under a second', { ttl: '999ms' }, 'spec.ttl: Invalid value: "999ms": must be at least 1s'),
  wrong('a ttl over a year', { ttl: '8760h1ms' }, 'spec.ttl: Invalid value: "8760h1ms": must be at most 8760h'),
  wrong('a ttl of four large groups', { ttl: '99999h99999h99999h99999h' }, 'must be at most 8760h'),
  wrong('a ttl of five groups', { ttl: '1h1m1s1ms1ms' }, `spec.ttl: Invalid value: "1h1m1s1ms1ms": ${DURATION}`),
  wrong(
    'a pendingTimeout of nothing',
    { pendingTimeout: '0m' },
    'spec.pendingTimeout: Invalid value: "0m": must be at least 1s',
  ),
  wrong(
    'a startTimeout over an hour',
    { startTimeout: '1h1s' },
    'spec.startTimeout: Invalid value: "1h1s": must be at most 1h',
  ),
  wrong(
    'a pendingTimeout without unit',
    { pendingTimeout: '10' },
    `spec.pendingTimeout: Invalid value: "10": ${DURATION}`,
  ),
  wrong(
    'a pendingTimeout over a year',
    { pendingTimeout: '9999h' },
    'spec.pendingTimeout: Invalid value: "9999h": must be at most 8760h',
  ),
  wrong('a startTimeout in words', { startTimeout: 'soon' }, `spec.startTimeout: Invalid value: "soon": ${DURATION}`),
  wrong(
    'a startTimeout of nothing',
    { startTimeout: '1ms' },
    'spec.startTimeout: Invalid value: "1ms": must be at least 1s',
  ),
  wrong(
    'a ttlAfterFinished without unit',
    { ttlAfterFinished: '0' },
    'spec.ttlAfterFinished: Invalid value: "0": spec.ttlAfterFinished in body should be at least 2 chars long',
  ),
  wrong(
    'a ttlAfterFinished in days',
    { ttlAfterFinished: '7d' },
    'spec.ttlAfterFinished: Invalid value: "7d": must be a duration such as 0s, 30m or 24h',
  ),
  wrong(
    'a ttlAfterFinished below nothing',
    { ttlAfterFinished: '-1s' },
    'spec.ttlAfterFinished: Invalid value: "-1s": must be a duration such as 0s, 30m or 24h',
  ),
  wrong(
    'a ttlAfterFinished in seconds, as a Job has it',
    { ttlAfterFinished: 3600 },
    'spec.ttlAfterFinished: Invalid value: "integer": spec.ttlAfterFinished in body must be of type string',
  ),
  wrong(
    'a ttlAfterFinished over a year',
    { ttlAfterFinished: '8760h1s' },
    'spec.ttlAfterFinished: Invalid value: "8760h1s": must be at most 8760h',
  ),
  wrong('notAfter without zone', { notAfter: '2026-12-01T00:00:00' }, 'spec.notAfter'),
  wrong(
    'notAfter in a zone that does not exist',
    { notAfter: '2026-12-01T00:00:00+25:00' },
    'spec.notAfter in body should match',
  ),
  wrong(
    'notAfter on the 31st of February',
    { notAfter: '2026-02-31T00:00:00Z' },
    'spec.notAfter in body must be of type date-time',
  ),
  wrong('notAfter as a date', { notAfter: '2026-12-01' }, 'spec.notAfter'),
  wrong(
    'notAfter in the 13th month',
    { notAfter: '2026-13-01T00:00:00Z' },
    'spec.notAfter in body must be of type date-time',
  ),
  wrong(
    'cancel in words',
    { cancel: 'yes' },
    'spec.cancel: Invalid value: "string": spec.cancel in body must be of type boolean',
  ),
  wrong(
    'another way to stop',
    { ifUnstoppable: 'Pray' },
    'spec.ifUnstoppable: Unsupported value: "Pray": supported values: "Report", "EvictPod"',
  ),
  wrong(
    'another fate of the pod',
    { podAfterSession: 'Delete' },
    'spec.podAfterSession: Unsupported value: "Delete": supported values: "Keep", "Evict"',
  ),
  wrong('attempt 0', { attempt: 0 }, 'spec.attempt in body should be greater than or equal to 1'),
  wrong('attempt 21', { attempt: 21 }, 'spec.attempt in body should be less than or equal to 20'),
  wrong('half an attempt', { attempt: 1.5 }, 'spec.attempt in body must be of type int32'),
  wrong(
    'a justification that clears the screen',
    { justification: 'x\u001b[2J' },
    'spec.justification: Invalid value: "x\\x1b[2J": must not hold control characters other than tab and newline',
  ),
  wrong(
    'a justification that colours the screen',
    { justification: 'x\u009b31m' },
    'spec.justification: Invalid value',
  ),
  wrong('an empty justification', { justification: '' }, 'spec.justification in body should be at least 1 chars long'),
  wrong(
    'a justification that is a novel',
    { justification: 'x'.repeat(1025) },
    'spec.justification: Too long: may not be more than 1024',
  ),
];

/** Fields that an ephemeral container cannot have, and fields of later versions: named, never dropped in silence. */
const UNKNOWN: CreateCase[] = [
  'ports',
  'resources',
  'livenessProbe',
  'lifecycle',
  'restartPolicy',
  'name',
  'serviceAccountName',
].map((field) => wrong(`the field ${field}`, { [field]: {} }, `unknown field "spec.${field}"`));

export const INVALID: CreateCase[] = [
  ...PEOPLE,
  {
    what: 'a name of 64 characters',
    spec: MINIMAL,
    sessionName: 'a'.repeat(64),
    message: 'metadata.name must have at most 63 characters, so that it fits into a label',
  },
  ...TARGET,
  ...CONTAINER,
  ...TOO_LONG,
  ...SECRETS,
  ...VOLUMES,
  ...POLICY,
  ...TIMES,
  ...UNKNOWN,
];
