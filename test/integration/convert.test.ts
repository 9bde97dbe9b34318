import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { convert } from '../../src/cli/convert.ts';
import { cluster } from '../cluster/cluster.ts';
import { installCrds, kubectl } from '../support/cluster/api-server.ts';

// Every session that the converter writes must be one that the API server takes: the schema is the judge, strictly (no
// unknown fields).
const namespace = `convert-${process.pid}`;

beforeAll(async () => {
  await installCrds();
  await kubectl('create', 'namespace', namespace);
});
afterAll(async () => void (await kubectl('delete', 'namespace', namespace, '--wait=false')));

const container = { name: 'debugger', image: 'busybox:1.36', command: ['sh'] };

const fixtures: [what: string, container: object][] = [
  [
    'as in the documentation of 1.16',
    { stdin: true, tty: true, imagePullPolicy: 'IfNotPresent', terminationMessagePolicy: 'File' },
  ],
  ['no command', { command: undefined }],
  ['no command, a terminal', { command: undefined, stdin: true, tty: true }],
  ['args without command', { command: undefined, args: ['-v', '--x=$(A)'] }],
  ['an empty command and args', { command: [], args: ['-v'] }],
  ['a terminal without stdin', { tty: true }],
  ['a joined container', { targetContainerName: 'app' }],
  [
    'awkward texts',
    { args: ['yes', '1:30', '0o17', '1_0', 'e0', '~', '', 'a\nb', '$$', '\u00e9\u2028', '2001-12-14'] },
  ],
  [
    'variables',
    {
      env: [
        { name: 'A', value: 'on' },
        { name: 'A', value: '' },
        { name: 'b.c-d' },
        { name: 'S', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
        { name: 'C', valueFrom: { configMapKeyRef: { name: 'c', key: '..k', optional: true } } },
        { name: 'F', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
      ],
      envFrom: [{ prefix: 'A_', secretRef: { name: 's' } }, { configMapRef: { name: 'c.d', optional: false } }, {}],
    },
  ],
  [
    'volumes',
    {
      volumeMounts: [
        ...['/data', '/a b', '/..a', '/dev', '/dev/shm', '/x/../dev', '/', '//', '/a/', '/a:b', 'a', '/\u0001'].map(
          (mountPath) => ({ name: 'data', mountPath, readOnly: true }),
        ),
        { name: 'data', mountPath: '/data' },
        { name: 'data', mountPath: '/sub', subPath: 'x' },
        { name: 'data', mountPath: '/shared', mountPropagation: 'HostToContainer', recursiveReadOnly: 'Disabled' },
      ],
    },
  ],
  [
    'a security context',
    {
      securityContext: {
        runAsUser: 1000,
        runAsGroup: 0,
        runAsNonRoot: true,
        privileged: false,
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
        procMount: 'Default',
      },
    },
  ],
  ['values out of bounds', { workingDir: 'tmp', imagePullPolicy: 'Odd', securityContext: { runAsUser: -1 } }],
  [
    'everything that has no counterpart',
    {
      stdinOnce: true,
      ports: [{ containerPort: 1 }],
      envFrom: [{}],
      volumeMounts: [{ name: 'v' }],
      resources: { limits: {} },
      lifecycle: { preStop: {} },
    },
  ],
  ['a long name', { name: 'd'.repeat(63) }],
];

describe('converted sessions', () => {
  it.each(fixtures)('the API server accepts the session that convert writes: %s', async (_, fields) => {
    const legacy = {
      apiVersion: 'v1',
      kind: 'EphemeralContainers',
      metadata: { name: 'web.7c9f', namespace },
      ephemeralContainers: [
        { ...container, ...fields },
        { ...container, name: 'second' },
      ],
    };
    const result = convert(JSON.stringify(legacy), 'legacy.json');
    if (result.kind !== 'converted') throw new Error(result.faults.join('\n'));
    const args = ['create', '--dry-run=server', '--validate=strict', '-o', 'json', '-f', '-'];
    const { code, stdout, stderr } = await cluster().kubectl(args, { input: result.yaml });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    // kubectl reads YAML 1.1: what it has sent must be what the legacy document said.
    const [first = ''] = stdout.split(/(?<=^\})\n(?=\{)/m);
    const { spec } = JSON.parse(first) as { spec: { args?: string[] } };
    expect(spec.args).toEqual((fields as { args?: string[] }).args);
  });
});
