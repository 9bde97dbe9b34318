import { describe, expect, it } from '@jest/globals';
import { stringify } from 'yaml';
import { checkPolicies } from '../../../src/cli/policy-check.ts';
import { debugPolicySchema, debugSessionSchema } from '../../support/documents/crd.ts';
import { patient } from '../../support/patience.ts';

const schemas = { policy: debugPolicySchema(), session: debugSessionSchema() };

interface Said {
  status: number;
  stdout: string;
  stderr: string;
}

/** What the program says to such a file, and how it ends. */
function judge(text: string, namespace = 'default'): Said {
  const report = checkPolicies([{ source: 'f', text }], { schemas, namespace });
  const lines = (words: string[]): string => words.map((line) => `${line}\n`).join('');
  if (report.kind === 'unusable') return { status: 2, stdout: '', stderr: lines(report.faults) };
  return {
    status: report.refused + report.withoutPolicy > 0 ? 1 : 0,
    stdout: lines(report.lines),
    stderr: report.notJudged,
  };
}

function check(...objects: object[]): Said {
  return judge(objects.map((object) => `---\n${stringify(object)}`).join(''));
}

const API = 'debugsession.dev/v1alpha1';
const policy = (name: string, spec: object): object => ({
  apiVersion: API,
  kind: 'DebugPolicy',
  metadata: { name },
  spec,
});
const session = (name: string, spec: object = {}): object => ({
  apiVersion: API,
  kind: 'DebugSession',
  metadata: { name, namespace: 'shop' },
  spec: { target: { podName: 'web' }, image: 'busybox:1.36', ...spec },
});
const pod = (spec: object, labels = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', labels, uid: 'u' },
  spec: { containers: [{ name: 'app', image: 'x' }], ...spec },
});
const namespace = (labels: object): object => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'shop', labels },
});

const OPEN = { images: ['docker.io/library/busybox:*'], profiles: ['general'] };
const NOT_JUDGED = 'who may use the policy; limits';

describe('checkPolicies', () => {
  it('the check ends with 0 when every session is allowed, and names what it did not judge', () => {
    expect(
      check(
        session('a'),
        session('b', { target: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' } } }),
      ),
    ).toEqual({
      status: 0,
      stdout: 'shop/a: allowed by default (built in)\nshop/b: allowed by default (built in)\n',
      stderr: `${NOT_JUDGED}; pods that were not given (shop/web, one of Deployment shop/web)`,
    });
  });

  it('the check ends with 1 when a session is refused, and names every reason', () => {
    const strict = policy('strict', {
      images: ['registry.example/**:*'],
      requireNotAfter: true,
      profiles: ['general'],
    });
    expect(check(session('a', { policyName: 'strict' }), strict, pod({}), session('b'))).toEqual({
      status: 1,
      stdout: [
        'shop/a: refused by strict:',
        '  image docker.io/library/busybox:1.36 is not allowed (allowed: registry.example/**:*)',
        '  notAfter is not set, and requireNotAfter demands it',
        'shop/b: allowed by default (built in)',
        '',
      ].join('\n'),
      stderr: `${NOT_JUDGED}`,
    });
  });

  it('the check refuses a pod with little room by onPressure, as far as the limits of the pod tell', () => {
    const careful = policy('careful', { ...OPEN, onPressure: 'Refuse' });
    const small = pod({ containers: [{ name: 'app', image: 'x', resources: { limits: { memory: '16Mi' } } }] });
    expect(check(session('a', { policyName: 'careful' }), careful, small)).toEqual({
      status: 1,
      stdout:
        'shop/a: refused by careful:\n  onPressure Refuse: the memory limit of pod web is 16 MiB; a debug container needs 32 MiB\n',
      stderr: `${NOT_JUDGED}; the pressure of nodes and what pods use`,
    });
    expect(check(session('a', { policyName: 'careful' }), careful, pod({}))).toMatchObject({ status: 0 });
    const plain = policy('careful', OPEN);
    expect(check(session('a', { policyName: 'careful' }), plain, small)).toMatchObject({
      status: 0,
      stderr: NOT_JUDGED,
    });
  });

  it('the check uses the policy named default where the input has one', () => {
    const { status, stdout } = check(policy('default', {}), session('a'));
    expect(status).toBe(1);
    expect(stdout).toContain('shop/a: refused by default:\n  image');
  });

  it('the check does not judge a session whose policy is not in the input', () => {
    const strange = session('b', { policyName: 'none' });
    expect(check(strange, session('a'))).toMatchObject({
      status: 1,
      stdout: 'shop/b: cannot be judged: DebugPolicy none was not given\nshop/a: allowed by default (built in)\n',
    });
    expect(check(strange, policy('none', OPEN)).stdout).toBe('shop/b: allowed by none\n');
  });

  it.each([
    ['a privileged container', { containers: [{ securityContext: { privileged: true } }] }, 'PrivilegedPods'],
    ['a privileged init container', { initContainers: [{ securityContext: { privileged: true } }] }, 'PrivilegedPods'],
    ['a capability', { containers: [{ securityContext: { capabilities: { add: ['SYS_ADMIN'] } } }] }, 'PrivilegedPods'],
    ['an unmasked /proc', { containers: [{ securityContext: { procMount: 'Unmasked' } }] }, 'PrivilegedPods'],
    [
      'the disk of a sidecar',
      { initContainers: [{ name: 'a', restartPolicy: 'Always', volumeDevices: [{ name: 'disk' }] }] },
      'PrivilegedPods',
    ],
    ['hostPID', { hostPID: true }, 'HostPods'],
    ['hostNetwork', { hostNetwork: true }, 'HostPods'],
    ['shareProcessNamespace', { shareProcessNamespace: true }, 'TargetContainer'],
  ])('the check judges the pod of a session: %s', (_, spec, allowance) => {
    const refused = check(session('a'), policy('default', { ...OPEN, allow: [] }), pod(spec));
    expect(refused.stdout).toContain(`needs ${allowance} in allow`);
    expect(check(session('a'), policy('default', { ...OPEN, allow: [allowance] }), pod(spec)).status).toBe(0);
  });

  it('the check judges the volumes of the pod', () => {
    const volumes = [{ name: 'disk', hostPath: { path: '/' } }, { name: 'settings' }];
    const volumeMounts = volumes.map(({ name }) => ({ name, mountPath: `/${name}`, readOnly: true }));
    const web = pod({ volumes, containers: [{ name: 'app', volumeMounts }] });
    const wish = volumeMounts.map(({ name, mountPath }) => ({ name, mountPath }));
    const allowing = policy('default', { ...OPEN, allow: ['VolumeMounts'] });
    const { stdout } = check(allowing, web, session('a', { volumeMounts: wish }));
    expect(stdout).toContain('volumeMounts of disk with hostPath needs HostPods in allow');
    expect(stdout).toContain('volumeMounts of disk, settings without readOnly needs readOnly: true');
    expect(check(allowing, web, session('a', { volumeMounts: [volumeMounts[1]] })).status).toBe(0);
  });

  it('the check judges the labels of pods and namespaces in the input, and names those that are missing', () => {
    const selectors = {
      podSelector: { matchLabels: { app: 'web' } },
      namespaceSelector: { matchLabels: { env: 'dev' } },
    };
    const chosen = policy('default', { ...OPEN, ...selectors });
    expect(check(chosen, session('a'))).toMatchObject({
      status: 0,
      stderr: `${NOT_JUDGED}; pods that were not given (shop/web); labels of namespaces that were not given (shop)`,
    });
    expect(check(chosen, session('a'), pod({}, { app: 'web' }), namespace({ env: 'dev' }))).toMatchObject({
      status: 0,
      stderr: `${NOT_JUDGED}`,
    });
    const { status, stdout } = check(chosen, session('a'), pod({}, { app: 'db' }), namespace({ env: 'prod' }));
    expect(status).toBe(1);
    expect(stdout).toMatch(/namespace shop does not match.*\n.*pod web does not match/);
  });

  it('the check knows the name label that every namespace has', () => {
    const byName = (name: string): object =>
      policy('default', { ...OPEN, namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } });
    expect(check(byName('shop'), session('a')).status).toBe(0);
    expect(check(byName('bank'), session('a')).status).toBe(1);
  });

  it('the check treats kube-* as system namespaces, and puts a session without a namespace into the given one', () => {
    const text = stringify({ ...session('a'), metadata: { generateName: 'a-' } });
    expect(judge(text).stdout).toBe('default/a-*: allowed by default (built in)\n');
    const { status, stdout } = judge(text, 'kube-system');
    expect(status).toBe(1);
    expect(stdout).toContain(
      'kube-system/a-*: refused by default (built in):\n  the system namespace kube-system needs',
    );
  });

  it('the check treats the namespace of the operator in config/ as a system namespace', () => {
    const where = { metadata: { name: 'a', namespace: 'debugsession-system' } };
    expect(check({ ...session('a'), ...where })).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('  the system namespace debugsession-system needs SystemNamespaces in allow'),
    });
    const open = policy('default', { ...OPEN, allow: ['SystemNamespaces'] });
    expect(check({ ...session('a'), ...where }, open).status).toBe(0);
    const neighbour = { metadata: { name: 'a', namespace: 'debugsession-system-2' } };
    expect(check({ ...session('a'), ...neighbour }).status).toBe(0);
  });

  it('the check writes one fault for a session without a target', () => {
    const { status, stdout, stderr } = check(session('a', { target: {} }));
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(
      /^f: document 1, line \d+: spec\.target: exactly one of podName and workloadRef must be set\n$/,
    );
  });

  it('the check reads Lists and JSON, and skips other kinds', () => {
    const deployment = { apiVersion: 'apps/v1', kind: 'Deployment' };
    const items = [policy('default', OPEN), session('a'), deployment];
    const { stdout, stderr } = judge(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
    expect(stdout).toBe('shop/a: allowed by default\n');
    expect(stderr).toContain('objects of other kinds (Deployment)');
  });

  it('the check accepts policies without a session', () => {
    expect(check(policy('a', OPEN))).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('the check treats null as an absent field', () => {
    expect(
      check(policy('default', { ...OPEN, allow: null, ttl: { max: null } }), session('a', { env: null })).status,
    ).toBe(0);
  });

  const sound = stringify(policy('a', OPEN));

  it.each([
    ['an unknown field', 'spec: {image: [a]}', 'line 4: spec.image: unknown field, did you mean images?'],
    [
      'a field of a field',
      'spec:\n  limits:\n    perpod: 1',
      'line 6: spec.limits.perpod: unknown field, did you mean perPod?',
    ],
    ['a field that is like no known field', 'spec: {zzzzzzzz: 1}', 'line 4: spec.zzzzzzzz: unknown field'],
    ['a field that every object has', 'spec: {constructor: 1}', 'line 4: spec.constructor: unknown field'],
    ['a field of JavaScript', 'spec: {__proto__: {images: []}}', 'line 4: spec.__proto__: unknown field'],
    ['a text for a list', 'spec: {images: a}', 'line 4: spec.images: must be a list, found "a"'],
    [
      'null in a list',
      'spec: {images: [null]}',
      'line 4: spec.images[0]: must be a text (numbers, true and the like need quotes), found null',
    ],
    ['a list for an object', 'spec: []', 'line 4: spec: must be an object, found a list'],
    [
      'a text for a boolean',
      'spec: {revokeRunning: "true"}',
      'line 4: spec.revokeRunning: must be true or false, found "true"',
    ],
    [
      'a broken number',
      'spec: {limits: {perPod: 1.5}}',
      'line 4: spec.limits.perPod: must be a whole number, found 1.5',
    ],
    [
      'a number out of bounds',
      'spec: {limits: {perPod: 0}}',
      'line 4: spec.limits.perPod: must be from 1 to 10000, found 0',
    ],
    [
      'an unknown profile',
      'spec: {profiles: [Restricted]}',
      'line 4: spec.profiles[0]: "Restricted" is not known, did you mean restricted?',
    ],
    [
      'an unknown allowance',
      'spec: {allow: [Everything]}',
      'line 4: spec.allow[0]: "Everything" is not known, known are TargetContainer',
    ],
    ['an allowance twice', 'spec: {allow: [Env, Env]}', 'line 4: spec.allow[1]: "Env" appears twice'],
    [
      'a list with too many elements',
      `spec: {images: [${'a,'.repeat(101)}]}`,
      'line 4: spec.images: may not have more than 100 elements, has 101',
    ],
    [
      'a text that is no pattern',
      'spec: {images: [busybox]}',
      'line 4: spec.images[0]: must be a whole reference such as',
    ],
    ['an empty pattern', 'spec: {images: [""]}', 'line 4: spec.images[0]: must not be empty'],
    [
      'a long pattern',
      `spec: {images: [${'a'.repeat(513)}]}`,
      'line 4: spec.images[0]: may not be longer than 512 characters',
    ],
    [
      'a text that is no duration',
      'spec: {ttl: {max: 1d}}',
      'line 4: spec.ttl.max: must be a duration such as 30m or 1h30m: whole numbers with h, m, s or ms, found "1d"',
    ],
    ['too short a time', 'spec: {ttl: {max: 1ms}}', 'line 4: spec.ttl.max: must be between 1s and 8760h, found "1ms"'],
    [
      'a default beyond the longest',
      'spec: {ttl: {default: 5h}}',
      'line 4: spec.ttl: default must not be longer than max, which is 4h where it is absent',
    ],
    [
      'In without values',
      'spec: {podSelector: {matchExpressions: [{key: a, operator: In}]}}',
      'line 4: spec.podSelector.matchExpressions[0]: In and NotIn need values, Exists and DoesNotExist take none',
    ],
    ['an unknown field instead of spec', 'x: 1', 'line 4: x: unknown field'],
  ])('the check names the line and the field of %s', (_, spec, message) => {
    const head = `apiVersion: ${API}\nkind: DebugPolicy\nmetadata: {name: b}\n`;
    const { status, stdout, stderr } = judge(head + spec);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(`f: document 1, ${message}`);
  });

  it.each([
    [
      'an unknown field of a session',
      session('a', { imag: 'x' }),
      /spec\.imag: unknown field, did you mean image\?\n$/,
    ],
    ['a session without an image', session('a', { image: null }), /spec\.image: is missing\n$/],
    [
      'a broken ttl of a session',
      session('a', { ttl: 'long' }),
      /spec\.ttl: must be a duration such as 45s, 30m or 1h30m, found "long"\n$/,
    ],
    ['a broken hostPID of a pod', pod({ hostPID: 'maybe' }), /spec\.hostPID: must be true or false, found "maybe"\n$/],
    ['a number as a label', namespace({ a: 1 }), /metadata\.labels\.a: must be a text .* found 1\n$/],
    [
      'another apiVersion',
      { ...session('a'), apiVersion: 'debugsession.dev/v1' },
      /there is no apiVersion "debugsession\.dev\/v1", kind "DebugSession"/,
    ],
    [
      'a kind with a typing error',
      { ...session('a'), kind: 'Debugsession' },
      /there is no apiVersion "debugsession\.dev\/v1alpha1", kind "Debugsession": did you mean DebugSession\?\n$/,
    ],
    ['an object without a kind', { apiVersion: 'v1' }, /there is no apiVersion "v1", kind none/],
    ['an object without a name', { ...session('a'), metadata: {} }, /metadata\.name: must be a name, found none\n$/],
    [
      'an object without metadata',
      { ...session('a'), metadata: null },
      /metadata\.name: must be a name, found none\n$/,
    ],
    ['a text for an object', 'hello', /must be an object, found "hello"\n$/],
    ['a policy twice', policy('a', {}), /DebugPolicy a is given twice\n$/],
  ])('the check refuses the input with %s', (_, object, stderr) => {
    const input = `${sound}---\n${stringify(object)}`;
    expect(judge(input)).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(stderr) });
  });

  const evil = 'x\u001b[2J\u202e\n\rshop/b: allowed by default';

  it.each([
    ['a name', { ...session('a'), metadata: { name: evil, namespace: 'shop' } }],
    ['a name to be generated', { ...session('a'), metadata: { generateName: evil } }],
    ['a namespace', { ...session('a'), metadata: { name: 'a', namespace: evil } }],
    ['the name of a policy', session('a', { policyName: evil })],
    ['a field', session('a', { [evil]: 1 })],
    ['a kind', { apiVersion: API, kind: evil }],
    ['a pattern', policy('a', { images: [evil] })],
    ['an image', session('a', { image: evil })],
    ['a pod', session('a', { target: { podName: evil } })],
    ['a variable', session('a', { policyName: 'open', env: [{ name: evil }] })],
    ['an attacher', session('a', { attachers: [{ kind: 'User', name: evil }] })],
    ['a label', { ...policy('open', { namespaceSelector: { matchLabels: { [evil]: 'x' } } }) }],
  ])('the check writes only its own lines for a hostile text in %s', (_, object) => {
    const { stdout, stderr } = check(policy('open', OPEN), object, session('c'));
    expect(stdout + stderr).toMatch(/^[\x20-\x7e\n]+$/);
    for (const line of stdout.split('\n')) expect(line).toMatch(/^($|shop\/[ac]: (allowed|refused) by | {2}\S)/);
    for (const line of stderr.split('\n')) expect(line).toMatch(/^($|f: |who may use )/);
    expect(Math.max(...(stdout + stderr).split('\n').map(({ length }) => length))).toBeLessThan(2_100);
  });

  it.each([
    [
      'an alias that blows up',
      `a: &a [x, x]\n${'bcdefghij'.replace(/./g, (key, at: number) => `${key}: &${key} [*${'abcdefghi'[at]}, *${'abcdefghi'[at]}, *${'abcdefghi'[at]}, *${'abcdefghi'[at]}]\n`)}`,
      /alias/i,
    ],
    ['a deep nest', '['.repeat(100_000), /nested too deep\n$/],
    ['text that is not YAML', 'a: [', /^f: document 1, line 1: /],
    [
      'an empty input',
      '',
      /^f: no DebugPolicy and no DebugSession of debugsession\.dev\/v1alpha1 in it, nothing at all\n$/,
    ],
    [
      'objects of other kinds alone',
      'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\n---\nkind: ConfigMap\n---\nkind: Debugsession\n',
      /^f: no DebugPolicy and no DebugSession of \S+ in it, only Pod, ConfigMap, Debugsession\n$/,
    ],
    [
      'kinds that forge lines, and many of them',
      `kind: "\\e[2J\\nshop/b: allowed"\n${Array.from({ length: 500 }, (_, i) => `---\nkind: K${i}\n`).join('')}`,
      /^f: no DebugPolicy and no DebugSession of \S+ in it, only \[2J shop\/b: allowed, K0, [ -~]{300,500}\.\.\.\n$/,
    ],
  ])('the check ends with 2 for %s', (_, input, stderr) => {
    const started = performance.now();
    const result = judge(input);
    expect(result).toEqual({ status: 2, stdout: '', stderr: expect.stringMatching(stderr) });
    expect(result.stderr.length).toBeLessThan(3_000);
    expect(performance.now() - started).toBeLessThan(patient(20_000));
  });

  it('the check writes fifty faults, and the number of the other faults', () => {
    const { status, stderr } = check(
      policy('a', Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`f${i}`, i]))),
    );
    expect(status).toBe(2);
    expect(stderr.split('\n')).toHaveLength(52);
    expect(stderr).toMatch(/\nand 4950 more\n$/);
  });
});
