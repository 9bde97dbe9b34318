import { describe, expect, it } from '@jest/globals';
import { PROFILE_NAMES } from '../../../../src/api/profiles.ts';
import type { Check } from '../../../../src/plugin/doctor/check.ts';
import { examine } from '../../../../src/plugin/doctor/examine.ts';
import type { Deployment, Facts, WebhookConfiguration } from '../../../../src/plugin/doctor/facts.ts';
import { type Manifest, ownManifests } from '../../../../src/plugin/doctor/manifest.ts';
import type { Reading } from '../../../../src/plugin/doctor/reading.ts';
import { accessReviews, operatorQuestions } from '../../../../src/plugin/doctor/rights.ts';
import { ownSchemas } from '../../../../src/plugin/schemas.ts';
import { checkLines } from '../../../../src/plugin/verbs/doctor.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');
const manifests = ownManifests();
const schemas = { DebugSession: ownSchemas().session, DebugPolicy: ownSchemas().policy };
const questions = operatorQuestions(manifests);

function read<T>(value: T): Reading<T> {
  return { kind: 'read', value };
}

const deployment: Deployment = {
  metadata: { name: 'debugsession-controller-manager', namespace: 'debugsession-system' },
  spec: {
    replicas: 2,
    template: { spec: { containers: [{ image: 'registry.example/debugsession-operator:0.1.0' }] } },
  },
  status: { readyReplicas: 2 },
};

const healthy: Facts = {
  namespace: 'shop',
  operatorNamespace: 'debugsession-system',
  now: NOW,
  serverNow: NOW,
  version: read({ gitVersion: 'v1.36.3', major: '1', minor: '36' }),
  coreResources: read(['pods', 'pods/ephemeralcontainers']),
  admissionResources: read(['validatingadmissionpolicies', 'mutatingadmissionpolicies']),
  schemas: read(schemas),
  policies: read(manifests),
  defaultPolicy: read({}),
  deployments: read([deployment]),
  lease: read({
    spec: { holderIdentity: 'manager-1', leaseDurationSeconds: 15, renewTime: '2026-11-21T11:59:58.000000Z' },
  }),
  namespaceLabels: read({}),
  webhooks: read([]),
  myRules: read({ rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }], isIncomplete: false }),
  operatorAnswers: read(questions.map(() => true)),
};

function checks(more: Partial<Facts>): Check[] {
  return examine({ ...healthy, ...more }, { version: '0.1.0', manifests, schemas });
}

function check(name: string, more: Partial<Facts>): Check | undefined {
  return checks(more).find((one) => one.name === name);
}

describe('doctor', () => {
  it('doctor finds nothing to do about a healthy cluster', () => {
    const found = checks({});
    expect(found.filter(({ state }) => state !== 'ok')).toEqual([]);
    expect(found.map(({ name }) => name)).toEqual([
      'Kubernetes',
      'ephemeral containers',
      'clock',
      'resources',
      'operator',
      'leader',
      "the operator's rights",
      'policy debugsession-requester',
      'policy debugsession-verdict',
      'policy debugsession-guard',
      'policy debugsession-confine',
      'policy debugsession-fill-in-requester',
      'policy debugsession-fill-in-finalizer',
      'policy debugsession-confine-exec',
      'DebugPolicy default',
      'your rights',
      'Pod Security',
      'other webhooks',
    ]);
  });

  it('doctor says what the person may not read, and calls none of it broken', () => {
    const forbidden = { kind: 'forbidden' } as const;
    const found = checks({
      version: forbidden,
      coreResources: forbidden,
      admissionResources: forbidden,
      schemas: forbidden,
      policies: forbidden,
      defaultPolicy: forbidden,
      deployments: forbidden,
      lease: forbidden,
      namespaceLabels: forbidden,
      webhooks: forbidden,
      myRules: forbidden,
      operatorAnswers: forbidden,
      serverNow: undefined,
    });
    expect(found.map(({ state }) => state)).toEqual(found.map(() => 'unknown'));
    expect(check('leader', { lease: forbidden })?.words).toBe(
      'you may not read Lease debugsession.dev in namespace debugsession-system',
    );
  });

  it('doctor says who judges a session that names no policy, and when', () => {
    expect(check('DebugPolicy default', {})?.words).toContain('at the request');
    const absent = check('DebugPolicy default', { defaultPolicy: { kind: 'absent' } });
    expect(absent).toMatchObject({ state: 'ok', words: expect.stringContaining('kubectl create -k config/policy') });
  });

  it('doctor says nothing more of a cluster without DebugSession than that, and how to install it', () => {
    const found = checks({ schemas: { kind: 'absent' } });
    expect(found.at(-1)).toMatchObject({
      name: 'resources',
      state: 'broken',
      words: expect.stringContaining('not installed'),
      wayOut: expect.stringContaining('docs/install.md'),
    });
  });

  it('doctor names the fields that older resources lack', () => {
    const { properties = {} } = schemas.DebugSession;
    const { attachers, ...spec } = properties['spec']?.properties ?? {};
    expect(attachers).toBeDefined();
    const older = {
      ...schemas.DebugSession,
      properties: { ...properties, spec: { type: 'object', properties: spec } },
    };
    const seen = { schemas: read({ ...schemas, DebugSession: older }) };
    expect(check('resources', seen)).toMatchObject({
      state: 'broken',
      words: expect.stringMatching(/older than the operator \(0\.1\.0\), and lack: DebugSession spec\.attachers\. The/),
    });
    const container = { image: 'registry.example/debugsession-operator:0.0.9' };
    const spec9 = { ...deployment.spec, template: { spec: { containers: [container] } } };
    for (const found of [[], [{ ...deployment, spec: spec9 }]])
      expect(check('resources', { ...seen, deployments: read(found) })).toMatchObject({
        state: 'warning',
        words: expect.stringMatching(/older than this plugin, and lack: DebugSession spec\.attachers\. A session/),
      });
  });
});

describe('doctor about Kubernetes', () => {
  const version = (minor: string): Facts['version'] => read({ gitVersion: `v1.${minor}.0`, major: '1', minor });
  it.each([
    ['29', 'broken'],
    ['30', 'ok'],
    ['30+', 'ok'],
    ['36', 'ok'],
  ])('doctor judges version 1.%s as %s', (minor, state) => {
    expect(check('Kubernetes', { version: version(minor) })?.state).toBe(state);
  });

  it('doctor expects the policy that fills in the requester only where the API server serves its kind', () => {
    const admissionResources = read(['validatingadmissionpolicies']);
    expect(check('policy debugsession-fill-in-requester', { admissionResources })).toBeUndefined();
    expect(check('Kubernetes', { admissionResources, version: version('34') })?.words).toContain(
      'each session has to name its requester',
    );
  });

  it('doctor calls a cluster broken that serves no ephemeral containers', () => {
    expect(check('ephemeral containers', { coreResources: read(['pods']) })?.state).toBe('broken');
  });

  it('doctor says by how much the clock of this machine is wrong', () => {
    expect(check('clock', { now: NOW + 90_000 })?.words).toContain('90 s ahead of the API server');
    expect(check('clock', { now: NOW - 5_000 })?.state).toBe('ok');
  });
});

describe('doctor about the operator', () => {
  it.each([
    ['no replica is ready', { ...deployment, status: {} }, 'broken'],
    ['one of two replicas is ready', { ...deployment, status: { readyReplicas: 1 } }, 'warning'],
  ])('doctor says that %s', (_, one, state) => {
    expect(check('operator', { deployments: read([one]) })?.state).toBe(state);
  });

  it.each([
    ['registry.example:5000/operator:v0.1.0@sha256:12', 'ok', 'image'],
    ['operator:0.2.0', 'warning', 'version 0.2.0, but this plugin is 0.1.0'],
    ['registry.example:5000/operator', 'ok', 'its version is not known'],
  ])('doctor tells the version of the operator by its image %s', (image, state, words) => {
    const spec = { replicas: 2, template: { spec: { containers: [{ image }] } } };
    const found = check('operator', { deployments: read([{ ...deployment, spec }]) });
    expect(found).toMatchObject({ state, words: expect.stringContaining(words) });
  });

  it.each([
    ['the Lease is missing', { kind: 'absent' } as const, 'there is no Lease debugsession.dev'],
    ['the Lease has no holder', read({ spec: { leaseDurationSeconds: 1 } }), 'nobody holds'],
    [
      'the holder is silent',
      read({ spec: { holderIdentity: 'gone\u001b', leaseDurationSeconds: 15, renewTime: '2026-11-21T11:55:00Z' } }),
      'gone has been silent for 5m',
    ],
  ])('doctor says that no operator leads when %s', (_, lease, words) => {
    expect(check('leader', { lease })).toMatchObject({ state: 'broken', words: expect.stringContaining(words) });
  });

  it('doctor judges the leader by the time of the API server, not of this machine', () => {
    expect(check('leader', { now: NOW + 3_600_000 })?.state).toBe('ok');
    expect(check('leader', { serverNow: NOW - 60_000 })).toMatchObject({
      state: 'warning',
      words: expect.stringContaining('its clock is 58s ahead'),
    });
  });

  it('doctor expects no leader of an operator that does not elect one', () => {
    const spec = { template: { spec: { containers: [{ image: 'o', args: ['--leader-elect=false'] }] } } };
    expect(check('leader', { lease: { kind: 'absent' }, deployments: read([{ ...deployment, spec }]) })?.state).toBe(
      'ok',
    );
  });

  it.each([
    ['pods/ephemeralcontainers', 'broken', 'may not patch pods/ephemeralcontainers'],
    ['pods/exec', 'warning', 'may not get, create pods/exec: it has fewer ways to end a container'],
    [
      'pods/ephemeralcontainers',
      'broken',
      'the role debugsession-manager is older than the operator, is missing, or is not bound here',
    ],
  ])('doctor says that the operator lacks its right on %s', (resource, state, words) => {
    const operatorAnswers = read(questions.map((question) => question.resource !== resource));
    const found = check("the operator's rights", { operatorAnswers });
    expect(found).toMatchObject({ state, words: expect.stringContaining(words) });
  });

  it('doctor asks about every right of the operator in the namespace of the person', () => {
    const { items } = accessReviews(questions, healthy) as { items: { spec: unknown }[] };
    expect(items.map(({ spec }) => spec)).toContainEqual({
      user: 'system:serviceaccount:debugsession-system:debugsession-controller-manager',
      groups: expect.arrayContaining(['system:serviceaccounts:debugsession-system']),
      resourceAttributes: {
        group: '',
        resource: 'pods',
        subresource: 'ephemeralcontainers',
        verb: 'patch',
        namespace: 'shop',
      },
    });
    expect(items).toHaveLength(questions.length);
  });
});

describe('doctor about admission policies', () => {
  const without = (name: string, kind: string): Manifest[] =>
    manifests.filter((one) => one.metadata.name !== name || one.kind !== kind);
  const changed = (name: string, kind: string, change: object): Manifest[] =>
    manifests.map((one) =>
      one.metadata.name === name && one.kind === kind ? { ...one, spec: { ...(one.spec as object), ...change } } : one,
    );

  it('doctor knows a policy again that the API server has filled in', () => {
    const policies = manifests.map((one) => ({
      ...one,
      spec: { ...(one.spec as { matchConstraints?: object }) },
      metadata: { ...one.metadata, uid: '1' },
    }));
    for (const { kind, spec } of policies) {
      if (kind.endsWith('Policy'))
        spec.matchConstraints = { matchPolicy: 'Equivalent', namespaceSelector: {}, ...spec.matchConstraints };
    }
    expect(checks({ policies: read(policies) }).filter(({ state }) => state !== 'ok')).toEqual([]);
  });

  it('doctor does not look at the line ends of an expression, which readers of YAML fold in different ways', () => {
    const folded = JSON.parse(JSON.stringify(manifests).replaceAll(/\\n/g, '\\r\\n\\r\\n')) as Manifest[];
    expect(folded).not.toEqual(manifests);
    expect(checks({ policies: read(folded) }).filter(({ state }) => state !== 'ok')).toEqual([]);
  });

  it.each([
    ['debugsession-requester', 'ValidatingAdmissionPolicy', 'the policy is missing', 'broken'],
    ['debugsession-guard', 'ValidatingAdmissionPolicyBinding', 'its binding is missing', 'broken'],
    ['debugsession-fill-in-requester', 'MutatingAdmissionPolicy', 'the policy is missing', 'warning'],
  ])('doctor says what is lost without %s (%s)', (name, kind, words, state) => {
    const found = check(`policy ${name}`, { policies: read(without(name, kind)) });
    expect(found).toMatchObject({ state, words: expect.stringContaining(words) });
  });

  it.each([
    [
      'ValidatingAdmissionPolicy',
      { failurePolicy: 'Fail' },
      'the policy differs from this release in spec.failurePolicy: it is older than the operator, or somebody changed it;',
    ],
    ['ValidatingAdmissionPolicyBinding', { validationActions: ['Audit'] }, 'in spec.validationActions[0]: it is'],
    [
      'ValidatingAdmissionPolicyBinding',
      { matchResources: { namespaceSelector: { matchLabels: { a: 'b' } } } },
      'in spec.matchResources: it is',
    ],
  ])('doctor says in which field somebody changed a %s: %j', (kind, change, words) => {
    const policies = read(changed('debugsession-guard', kind, change));
    expect(check('policy debugsession-guard', { policies })).toMatchObject({
      state: 'broken',
      words: expect.stringContaining(words),
    });
  });
});

describe('doctor about the namespace', () => {
  it.each([
    ['privileged', 'ok', `it allows profile ${PROFILE_NAMES.join(', ')}`],
    ['baseline', 'warning', 'it allows profile baseline, restricted'],
    ['restricted', 'warning', 'it allows profile restricted'],
    ['strict\u001b[31m', 'warning', 'enforces strict [31m, which Kubernetes does not know'],
  ])('doctor says what Pod Security level %j allows', (level, state, words) => {
    const namespaceLabels = read({ 'pod-security.kubernetes.io/enforce': level });
    const found = check('Pod Security', { namespaceLabels });
    expect(found).toMatchObject({ state, words: expect.stringContaining(words) });
    expect(found?.words).not.toContain('\u001b');
  });

  it('doctor names the rights that the person lacks', () => {
    const rules = [
      { apiGroups: ['debugsession.dev'], resources: ['debugsessions'], verbs: ['get', 'list', 'watch'] },
      { apiGroups: ['debugsession.dev'], resources: ['debugpolicies'], verbs: ['use'], resourceNames: ['default'] },
      { apiGroups: [''], resources: ['pods', '*/log', 'pods/attach'], verbs: ['*'] },
    ];
    expect(check('your rights', { myRules: read({ rules, isIncomplete: false }) })).toMatchObject({
      state: 'warning',
      words: expect.stringMatching(/^in namespace shop you may not create, update, patch, delete debugsessions/),
    });
    expect(check('your rights', { myRules: read({ rules, isIncomplete: true }) })?.state).toBe('unknown');
  });

  const hook = (resources: string[], more: object = {}): WebhookConfiguration => ({
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name: 'gate' },
    webhooks: [
      {
        name: 'pods.gate.example',
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources }],
        ...more,
      },
    ],
  });

  it.each([
    ['pods/ephemeralcontainers', 'warning'],
    ['pods/*', 'warning'],
    ['*/*', 'warning'],
    ['pods', 'ok'],
    ['*', 'ok'],
  ])('doctor finds a webhook with rule %s that sees debug containers (%s)', (resource, state) => {
    expect(check('other webhooks', { webhooks: read([hook([resource])]) })?.state).toBe(state);
  });

  it('doctor looks at the failure policy and the namespaces of a webhook', () => {
    const ignoring = read([hook(['*/*'], { failurePolicy: 'Ignore' })]);
    expect(check('other webhooks', { webhooks: ignoring })).toMatchObject({
      state: 'ok',
      words: expect.stringContaining('pods.gate.example of gate (can refuse it)'),
    });
    const elsewhere = read([hook(['*/*'], { namespaceSelector: { matchLabels: { team: 'shop' } } })]);
    expect(check('other webhooks', { webhooks: elsewhere })?.words).toBe('no admission webhook sees debug containers');
    const here = check('other webhooks', { webhooks: elsewhere, namespaceLabels: read({ team: 'shop' }) });
    expect(here?.state).toBe('warning');
  });
});

it('doctor puts the way out below its check', () => {
  expect(
    checkLines([
      { name: 'leader', state: 'broken', words: 'no operator leads', wayOut: 'start it' },
      { name: 'clock', state: 'ok', words: 'fine' },
    ]),
  ).toBe('broken   leader  no operator leads\n                 -> start it\nok       clock   fine\n');
});
