import { describe, expect, it } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { convert } from '../../../src/cli/convert.ts';

interface Session {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  spec: Record<string, unknown>;
}

/** Read as YAML 1.1 and as 1.2: both readers must see the same. */
function sessions(yaml: string): Session[] {
  const read = (version: '1.1' | '1.2') =>
    parseAllDocuments(yaml, { version }).map((document) => document.toJS() as Session);
  expect(read('1.1')).toEqual(read('1.2'));
  return read('1.1');
}

function converted(text: string) {
  const result = convert(text, 'a.json');
  if (result.kind !== 'converted') throw new Error(result.faults.join('\n'));
  return { ...result, sessions: sessions(result.yaml) };
}

const base = { name: 'debugger', image: 'busybox', command: ['sh'] };

function document(
  container: Record<string, unknown> | Record<string, unknown>[],
  metadata: object = { name: 'web-0' },
) {
  const ephemeralContainers = Array.isArray(container) ? container : [container];
  return JSON.stringify({ apiVersion: 'v1', kind: 'EphemeralContainers', metadata, ephemeralContainers }, null, '\t');
}

describe('values that convert takes over', () => {
  const table: [what: string, container: object, spec: object][] = [
    ['image and command', {}, { image: 'busybox', command: ['sh'] }],
    ['args with a command', { args: ['-c', 'id'] }, { args: ['-c', 'id'] }],
    [
      'env',
      { env: [{ name: 'A', value: 'on' }, { name: 'B', value: '' }, { name: 'C' }] },
      { env: [{ name: 'A', value: 'on' }, { name: 'B', value: '' }, { name: 'C' }] },
    ],
    [
      'workingDir and imagePullPolicy',
      { workingDir: '/tmp', imagePullPolicy: 'Never' },
      { workingDir: '/tmp', imagePullPolicy: 'Never' },
    ],
    ['stdin and tty', { stdin: true, tty: true }, { stdin: true, tty: true }],
    [
      'variables out of secrets and config maps',
      {
        env: [
          { name: 'A', value: '', valueFrom: { secretKeyRef: { name: 's.1', key: 'a.b_C', optional: false } } },
          { name: 'B', valueFrom: { configMapKeyRef: { name: 'c', key: '.x' }, fieldRef: null } },
        ],
        envFrom: [
          { prefix: 'P_', secretRef: { name: 's', optional: true } },
          { prefix: '', configMapRef: { name: 'c' } },
        ],
      },
      {
        env: [
          { name: 'A', valueFrom: { secretKeyRef: { name: 's.1', key: 'a.b_C', optional: false } } },
          { name: 'B', valueFrom: { configMapKeyRef: { name: 'c', key: '.x' } } },
        ],
        envFrom: [{ prefix: 'P_', secretRef: { name: 's', optional: true } }, { configMapRef: { name: 'c' } }],
      },
    ],
    [
      'volume mounts',
      {
        volumeMounts: [
          { name: 'data', mountPath: '/data', subPath: '' },
          { name: 'data', mountPath: '/mnt/device s', readOnly: true },
          { name: 'tmp', mountPath: '/devices', readOnly: false },
        ],
      },
      {
        volumeMounts: [
          { name: 'data', mountPath: '/data' },
          { name: 'data', mountPath: '/mnt/device s', readOnly: true },
          { name: 'tmp', mountPath: '/devices', readOnly: false },
        ],
      },
    ],
    ['the target container', { targetContainerName: 'app' }, { target: { podName: 'web-0', containerName: 'app' } }],
    [
      'a securityContext with every field that a session can have',
      {
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { add: ['A'], drop: ['ALL'] },
          privileged: false,
          readOnlyRootFilesystem: true,
          runAsGroup: 0,
          runAsNonRoot: true,
          runAsUser: 1000,
          seccompProfile: { type: 'Localhost', localhostProfile: 'p.json' },
        },
      },
      {
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { add: ['A'], drop: ['ALL'] },
          privileged: false,
          readOnlyRootFilesystem: true,
          runAsGroup: 0,
          runAsNonRoot: true,
          runAsUser: 1000,
          seccompProfile: { type: 'Localhost', localhostProfile: 'p.json' },
        },
      },
    ],
    [
      'texts that look like something else',
      {
        args: [
          'yes',
          'N',
          '1:30',
          '0o17',
          '1_0',
          '~',
          '',
          ' ',
          'a: b',
          '# c',
          '\u0001\n\u2028',
          '2001-12-14',
          '=',
          '<<',
          '*a',
          '.inf',
        ],
      },
      {
        args: [
          'yes',
          'N',
          '1:30',
          '0o17',
          '1_0',
          '~',
          '',
          ' ',
          'a: b',
          '# c',
          '\u0001\n\u2028',
          '2001-12-14',
          '=',
          '<<',
          '*a',
          '.inf',
        ],
      },
    ],
    [
      'nothing of empty fields',
      { workingDir: '', resources: {}, ports: [], env: [], args: null, securityContext: {}, lifecycle: null },
      {},
    ],
  ];
  it.each(table)('convert takes over %s', (_, container, spec) => {
    const result = converted(document({ ...base, ...container }));
    expect(result).toMatchObject({ leftOut: [], notes: [] });
    expect(result.sessions).toEqual([
      {
        apiVersion: 'debugsession.dev/v1alpha1',
        kind: 'DebugSession',
        metadata: { name: 'web-0-debugger' },
        spec: { target: { podName: 'web-0' }, image: 'busybox', command: ['sh'], profile: 'baseline', ...spec },
      },
    ]);
  });

  it.each([
    ['no command', {}],
    ['args without command', { args: ['-v'] }],
  ])('convert asks for no supervisor and no terminal for a container with %s', (words, fields) => {
    const { sessions, notes, leftOut } = converted(document({ name: 'd', image: 'x', ...fields }));
    expect(sessions[0]?.spec).toMatchObject({ supervisor: 'None', stdin: false, tty: false, ...fields });
    expect(notes).toEqual([expect.stringContaining(`line 8: ephemeralContainers[0]: ${words}: `)]);
    expect(leftOut).toEqual([]);
  });

  it('convert reads YAML as kubectl does, with several documents and Lists', () => {
    const yaml = [
      '# saved',
      'apiVersion: v1',
      'kind: List',
      'metadata: {resourceVersion: ""}',
      'items:',
      '- {apiVersion: v1, kind: EphemeralContainers, metadata: {name: a, namespace: shop}, ephemeralContainers: [{name: x, image: i, command: [sh], tty: yes, stdin: on}]}',
      '---',
      '---',
      'apiVersion: v1',
      'kind: EphemeralContainers',
      'metadata: {name: b}',
      'ephemeralContainers:',
      '- &one {name: x, image: i, command: [2001-12-14]}',
      '- <<: *one',
      '  name: z',
    ].join('\n');
    const result = converted(yaml);
    expect(result.leftOut).toEqual([]);
    expect(result.sessions.map(({ metadata, spec }) => [metadata, spec['command'], spec['tty']])).toEqual([
      [{ name: 'a-x', namespace: 'shop' }, ['sh'], true],
      [{ name: 'b-x' }, ['2001-12-14'], undefined],
      [{ name: 'b-z' }, ['2001-12-14'], undefined],
    ]);
  });

  it('convert gives several containers different names that are valid DNS labels', () => {
    const long = 'w'.repeat(63);
    const containers = ['d', 'd', 'd', 'd-2', long, long].map((name) => ({ ...base, name }));
    const other = document([{ ...base, name: long }], { name: `web.${'x'.repeat(200)}` });
    const { sessions } = converted(`${document(containers, { name: 'web.0' })}\n---\n${other}`);
    const names = sessions.map(({ metadata }) => metadata.name);
    expect(names.slice(0, 4)).toEqual(['web-0-d', 'web-0-d-2', 'web-0-d-3', 'web-0-d-2-2']);
    expect(new Set(names).size).toBe(7);
    for (const name of names) expect(name).toMatch(/^(?=.{1,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
  });
});

describe('values that convert leaves out', () => {
  const table: [path: string, container: object][] = [
    ['stdinOnce', { stdinOnce: true }],
    ['envFrom[0]', { envFrom: [{ secretRef: { name: 's' }, configMapRef: { name: 'c' } }] }],
    ['envFrom[0]', { envFrom: [{ prefix: 'A=', secretRef: { name: 's' } }] }],
    ['envFrom[1]', { envFrom: [{ secretRef: { name: 's' } }, { secretRef: { name: 'S' } }] }],
    ['envFrom[0]', { envFrom: [{ secretRef: { name: 's', key: 'k' } }] }],
    ['envFrom[0]', { envFrom: [{}] }],
    ['env[0]', { env: [{ name: 'A', value: 'x', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }],
    ['env[0]', { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: '../k' } } }] }],
    ['env[0]', { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: '..' } } }] }],
    ['env[0]', { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k', optional: 'no' } } }] }],
    ['env[0]', { env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } }] }],
    [
      'env[1]',
      {
        env: [
          { name: 'A', value: '1' },
          { name: 'B', valueFrom: { fieldRef: {} } },
        ],
      },
    ],
    [
      'env[0]',
      {
        env: [
          { name: 'A', value: '1' },
          { name: 'A', value: '2' },
        ],
      },
    ],
    ['env[0].extra', { env: [{ name: 'A', extra: 1 }] }],
    ['volumeMounts[0]', { volumeMounts: [{ name: 'v', mountPath: '/v', subPath: 'a' }] }],
    ['volumeMounts[0]', { volumeMounts: [{ name: 'v', mountPath: '/v', subPathExpr: '$(A)' }] }],
    ['volumeMounts[0]', { volumeMounts: [{ mountPath: '/v' }] }],
    ['volumeMounts[0]', { volumeMounts: [{ name: 'v' }] }],
    ...['v', '/', '/v/', '/a/../dev', '/dev', '/proc/1', '/v:ro'].map((mountPath): [string, object] => [
      'volumeMounts[0]',
      { volumeMounts: [{ name: 'v', mountPath }] },
    ]),
    ['volumeMounts[0]', { volumeMounts: [{ name: 'v', mountPath: '/v', readOnly: 'yes' }] }],
    [
      'volumeMounts[1]',
      {
        volumeMounts: [
          { name: 'v', mountPath: '/v' },
          { name: 'w', mountPath: '/v' },
        ],
      },
    ],
    ['volumeMounts[0].mountPropagation', { volumeMounts: [{ name: 'v', mountPath: '/v', mountPropagation: 'None' }] }],
    ['volumeDevices', { volumeDevices: [{ name: 'v' }] }],
    ['ports', { ports: [{ containerPort: 80 }] }],
    ['resources', { resources: { limits: { cpu: 1 } } }],
    ['livenessProbe', { livenessProbe: { exec: {} } }],
    ['readinessProbe', { readinessProbe: { exec: {} } }],
    ['startupProbe', { startupProbe: { exec: {} } }],
    ['lifecycle', { lifecycle: { preStop: {} } }],
    ['terminationMessagePath', { terminationMessagePath: '/x' }],
    ['terminationMessagePolicy', { terminationMessagePolicy: 'File' }],
    ['securityContext.seLinuxOptions', { securityContext: { seLinuxOptions: { level: 'l' } } }],
    ['securityContext.procMount', { securityContext: { procMount: 'Default' } }],
    ['securityContext.capabilities.keep', { securityContext: { capabilities: { keep: ['A'] } } }],
    ['securityContext.seccompProfile', { securityContext: { seccompProfile: { type: 'Other' } } }],
    ['securityContext.runAsUser', { securityContext: { runAsUser: 2 ** 31 } }],
    ['workingDir', { workingDir: 'tmp' }],
    ['imagePullPolicy', { imagePullPolicy: 'Sometimes' }],
    ['tty', { tty: true }],
    ['toString', { toString: 1 }],
    ['["a.b\\n"]', { 'a.b\n': 0 }],
  ];
  it.each(table)('convert lists %s among the values that it leaves out', (path, container) => {
    const { leftOut, sessions } = converted(document({ ...base, ...container }));
    const separator = path.startsWith('[') ? '' : '.';
    expect(leftOut).toEqual([expect.stringContaining(`: ephemeralContainers[0]${separator}${path}: `)]);
    expect(leftOut[0]).toMatch(/^a\.json: document 1, line \d+: [ -~]*$/);
    expect(sessions).toHaveLength(1);
  });

  it('convert lists the line of each field that it leaves out, also above the container', () => {
    const yaml =
      'apiVersion: v1\nkind: EphemeralContainers\nmetadata:\n  name: p\n  uid: u\nextra: {}\nephemeralContainers:\n- name: d\n  image: i\n  command: [a]\n  ports:\n  - 1\n';
    expect(converted(yaml).leftOut).toEqual([
      'a.json: document 1, line 6: extra: unknown field',
      'a.json: document 1, line 5: metadata.uid: of the pod, not of a session',
      'a.json: document 1, line 11: ephemeralContainers[0].ports: an ephemeral container cannot have it',
    ]);
  });
});

describe('input that convert refuses', () => {
  const table: [what: string, text: string, faults: string[]][] = [
    ['an empty input', '', ['a.json: no EphemeralContainers document in it']],
    ['empty documents', '---\n---\n', ['a.json: no EphemeralContainers']],
    [
      'another kind',
      'kind: Pod\napiVersion: v1',
      [
        'document 1, line 1: wants apiVersion v1, kind EphemeralContainers (or a List of them), found apiVersion "v1", kind "Pod"',
      ],
    ],
    ['another version', 'kind: EphemeralContainers\napiVersion: v2', ['found apiVersion "v2"']],
    ['a list at the top', '[1]', ['document 1, line 1: wants']],
    ['broken JSON', '{"a": [1,\n"b": }', ['document 1, line 2: ', 'line 2: ']],
    ['broken YAML in the second document', 'a: 1\n---\nb: [\n', ['document 2, line 4: ']],
    ['JSON after JSON', '{}{}', ['line 1: ', 'line 1: ']],
    ['a key given twice', 'a: 1\nb: 1\na: 2', ['document 1, line 3: the key "a" appears twice']],
    ['a key that is no text', '? [a]\n: 1', ['line 1: a key must be plain text']],
    ['tags', 'a: !!python/object x', ['document 1, line 1: Unresolved tag']],
    ['a list without items', '{apiVersion: v1, kind: List}', ['line 1: items: must be a list']],
    ['an item of another kind in a List', '{apiVersion: v1, kind: List, items: [1]}', ['items[0]: wants']],
    [
      'a document without a pod',
      '{apiVersion: v1, kind: EphemeralContainers, ephemeralContainers: [{name: a, image: b, command: [c]}]}',
      ['metadata.name: must be the name of the pod, found none'],
    ],
    [
      'a document without containers',
      '{apiVersion: v1, kind: EphemeralContainers, metadata: {name: a}}',
      ['ephemeralContainers: must be a list'],
    ],
    [
      'a namespace that cannot be',
      document(base, { name: 'a', namespace: 'B\u001b[31m' }),
      ['metadata.namespace: must be the name of a namespace, found "B\\u001b[31m"'],
    ],
    [
      'a container without name and image',
      document({ command: ['a'] }),
      ['ephemeralContainers[0].name: is missing', 'ephemeralContainers[0].image: is missing'],
    ],
    [
      'values of the wrong type',
      document({
        ...base,
        command: ['a', 1],
        args: 'x',
        env: {},
        stdin: 'yes',
        image: 'a b',
        workingDir: 1,
        securityContext: { runAsUser: 'root', capabilities: [], privileged: 1 },
      }),
      [
        '.image: must',
        '.command: must be a list of texts',
        '.args: must',
        '.stdin: must',
        '.workingDir: must',
        '.runAsUser: must',
        '.privileged: must',
      ],
    ],
    [
      'variables without a name, or with a number',
      document({ ...base, env: [1, { value: 'x' }, { name: 'A', value: 1 }] }),
      ['env[0]: must', 'env[1]: must', 'env[2].value: must be a text'],
    ],
    ['deep brackets', '['.repeat(100_000), ['line 1: nested too deep']],
    ['deep nesting without brackets', `${'- '.repeat(100_000)}x`, ['line 1: nested too deep']],
    [
      'a bomb of aliases',
      `a: &a [${'x,'.repeat(9)}]\n${[...'bcdefghi'].map((name, i) => `${name}: &${name} [${`*${'abcdefgh'[i]},`.repeat(9)}]\n`).join('')}`,
      ['Excessive alias count'],
    ],
    ['an alias of nothing', 'a: *b', ['document 1, line 1: ']],
    ['one bad document among good ones', `${document(base)}\n---\nkind: Pod\n`, ['document 2, line 18: wants']],
  ];
  it.each(table)('convert refuses %s', (_, text, faults) => {
    const result = convert(text, 'a.json');
    if (result.kind !== 'unusable') throw new Error(result.yaml);
    expect(result.faults).toEqual(faults.map((fault) => expect.stringContaining(fault)));
    for (const fault of result.faults) expect(fault).toMatch(/^a\.json: .*$/);
    expect(result.faults.join('')).not.toMatch(/\p{Cc}/u);
  });
});
