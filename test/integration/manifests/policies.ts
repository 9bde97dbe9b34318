import { PROFILE_NAMES } from '../../../src/api/profiles.ts';
import { OPEN_POLICY } from '../../support/builders/open-policy.ts';
import type { CreateCase, Manifest } from './table.ts';

function wrong(what: string, spec: Manifest, message: string): CreateCase {
  return { what, spec, message };
}

const DURATION = 'must be a duration such as 30m or 1h30m: whole numbers with h, m, s or ms';
const EXPRESSION = 'Invalid value: In and NotIn need values, Exists and DoesNotExist take none';

function selecting(...matchExpressions: Manifest[]): Manifest {
  return { matchExpressions };
}

export const VALID_POLICIES: CreateCase[] = [
  { what: 'nothing, which allows nothing', spec: {} },
  {
    what: 'every field',
    spec: {
      namespaceSelector: {
        matchLabels: { 'app.example/team': 'shop', empty: '' },
        matchExpressions: [
          { key: 'tier', operator: 'In', values: ['web', 'db'] },
          { key: 'tier', operator: 'NotIn', values: ['x'] },
          { key: 'a', operator: 'Exists' },
          { key: 'b', operator: 'DoesNotExist' },
        ],
      },
      podSelector: { matchLabels: { app: 'web' } },
      images: ['docker.io/library/busybox:*', 'registry.example:5000/debug/**@sha256:*'],
      profiles: PROFILE_NAMES,
      ttl: { default: '1h30m', max: '8760h' },
      limits: {
        ...{ perPod: 1, perUser: 10000, perNamespace: 50, containersPerPod: 50 },
        ...{ perUserPerPod: 1, perTarget: 1, waitingPerUser: 10000 },
      },
      allow: OPEN_POLICY.allow,
      require: ['NonRoot', 'NoCapabilities', 'ReadOnlyRootFilesystem', 'NoJoin'],
      onUnstoppable: 'EvictPod',
      podAfterSession: 'Evict',
      stopBy: 'NodeFirst',
      onPressure: 'Refuse',
      requireJustification: true,
      requireNotAfter: true,
      revokeRunning: true,
      approval: {
        required: 3,
        validFor: '30m',
        exempt: [
          { kind: 'Group', name: 'on-call' },
          { kind: 'ServiceAccount', name: 'flux', namespace: 'flux-system' },
        ],
        revokeRunning: true,
      },
    },
  },
  { what: 'an approval by one person', spec: { approval: { required: 1 } } },
  { what: 'empty parts', spec: { namespaceSelector: {}, podSelector: {}, images: [], ttl: {}, limits: {}, allow: [] } },
  { what: 'a default as long as the longest', spec: { ttl: { default: '60m', max: '1h' } } },
  { what: 'a default as long as the longest where that is not said', spec: { ttl: { default: '4h' } } },
];

export const INVALID_POLICIES: CreateCase[] = [
  wrong('an unknown field', { image: ['docker.io/library/busybox:*'] }, 'unknown field "spec.image"'),
  wrong('a limit with a typing error', { limits: { perpod: 1 } }, 'unknown field "spec.limits.perpod"'),
  wrong('a text for a list', { images: 'docker.io/library/busybox:*' }, 'spec.images: Invalid value: "string"'),
  wrong('a text for a boolean', { revokeRunning: 'yes' }, 'spec.revokeRunning: Invalid value: "string"'),
  wrong('a text for a number', { limits: { perPod: '5' } }, 'spec.limits.perPod: Invalid value: "string"'),
  wrong('an unknown profile', { profiles: ['root'] }, 'spec.profiles[0]: Unsupported value: "root"'),
  wrong('an unknown allowance', { allow: ['Everything'] }, 'spec.allow[0]: Unsupported value: "Everything"'),
  wrong('a profile twice', { profiles: ['general', 'general'] }, 'spec.profiles[1]: Duplicate value: "general"'),
  wrong('an unknown requirement', { require: ['NoNetwork'] }, 'spec.require[0]: Unsupported value: "NoNetwork"'),
  wrong('a requirement twice', { require: ['NoJoin', 'NoJoin'] }, 'spec.require[1]: Duplicate value: "NoJoin"'),
  wrong('an unknown order', { stopBy: 'Node' }, 'spec.stopBy: Unsupported value: "Node"'),
  wrong('an unknown answer to pressure', { onPressure: 'Wait' }, 'spec.onPressure: Unsupported value: "Wait"'),
  wrong('an unknown demand', { onUnstoppable: 'Kill' }, 'spec.onUnstoppable: Unsupported value: "Kill"'),
  wrong(
    'a demand of something else',
    { podAfterSession: 'EvictPod' },
    'spec.podAfterSession: Unsupported value: "EvictPod"',
  ),
  wrong('approvals of nobody', { approval: {} }, 'spec.approval.required: Required value'),
  wrong('no approval at all', { approval: { required: 0 } }, 'spec.approval.required: Invalid value: 0'),
  wrong('more approvals than 3', { approval: { required: 4 } }, 'spec.approval.required: Invalid value: 4'),
  wrong(
    'approvals that are valid for no duration',
    { approval: { required: 1, validFor: '1d' } },
    `spec.approval.validFor: Invalid value: "1d": ${DURATION}`,
  ),
  wrong(
    'approvals that are valid for too long',
    { approval: { required: 1, validFor: '8761h' } },
    'spec.approval.validFor: Invalid value: "8761h": must be between 1s and 8760h',
  ),
  wrong(
    'an exempt user of a namespace',
    { approval: { required: 1, exempt: [{ kind: 'User', name: 'dana', namespace: 'shop' }] } },
    'spec.approval.exempt[0].namespace: Invalid value: only a ServiceAccount has a namespace',
  ),
  wrong('an allowance twice', { allow: ['Env', 'Env'] }, 'spec.allow[1]: Duplicate value: "Env"'),
  wrong('no container at all', { limits: { containersPerPod: 0 } }, 'spec.limits.containersPerPod: Invalid value: 0'),
  wrong('more containers than 50', { limits: { containersPerPod: 51 } }, 'spec.limits.containersPerPod: Invalid value'),
  wrong('no session in a pod', { limits: { perPod: 0 } }, 'spec.limits.perPod: Invalid value: 0'),
  wrong('too many of a user', { limits: { perUser: 10001 } }, 'spec.limits.perUser: Invalid value'),
  wrong('no session in a target', { limits: { perTarget: 0 } }, 'spec.limits.perTarget: Invalid value: 0'),
  wrong('nobody who waits', { limits: { waitingPerUser: 0 } }, 'spec.limits.waitingPerUser: Invalid value: 0'),
  wrong('no session in a namespace', { limits: { perNamespace: 0 } }, 'spec.limits.perNamespace: Invalid value: 0'),
  wrong('too many images', { images: Array(101).fill('docker.io/library/a:*') }, 'spec.images: Too many: 101'),
  wrong(
    'a default that is no duration',
    { ttl: { default: '1 h' } },
    `spec.ttl.default: Invalid value: "1 h": ${DURATION}`,
  ),
  wrong('a longest that is no duration', { ttl: { max: '1d' } }, `spec.ttl.max: Invalid value: "1d": ${DURATION}`),
  wrong(
    'a default that is too short',
    { ttl: { default: '999ms' } },
    'spec.ttl.default: Invalid value: "999ms": must be between 1s and 8760h',
  ),
  wrong(
    'a longest of more than a year',
    { ttl: { max: '8761h' } },
    'spec.ttl.max: Invalid value: "8761h": must be between 1s and 8760h',
  ),
  wrong(
    'a default that is too long for the longest',
    { ttl: { default: '2h', max: '1h' } },
    'spec.ttl: Invalid value: default must not be longer than max',
  ),
  wrong(
    'a default that is too long for the longest where that is not said',
    { ttl: { default: '5h' } },
    'spec.ttl: Invalid value: default must not be longer than max, which is 4h where it is absent',
  ),
  ...['namespaceSelector', 'podSelector'].flatMap((field) => [
    wrong(
      `In without values in ${field}`,
      { [field]: selecting({ key: 'a', operator: 'In' }) },
      `spec.${field}.matchExpressions[0]: ${EXPRESSION}`,
    ),
    wrong(
      `NotIn of nothing in ${field}`,
      { [field]: selecting({ key: 'a', operator: 'NotIn', values: [] }) },
      `spec.${field}.matchExpressions[0]: ${EXPRESSION}`,
    ),
    wrong(
      `Exists with values in ${field}`,
      { [field]: selecting({ key: 'b', operator: 'Exists' }, { key: 'a', operator: 'Exists', values: ['x'] }) },
      `spec.${field}.matchExpressions[1]: ${EXPRESSION}`,
    ),
    wrong(
      `an operator that there is not in ${field}`,
      { [field]: selecting({ key: 'a', operator: 'Gt', values: ['1'] }) },
      `spec.${field}.matchExpressions[0].operator: Unsupported value: "Gt"`,
    ),
    wrong(
      `an expression about nothing in ${field}`,
      { [field]: selecting({ operator: 'Exists' }) },
      `spec.${field}.matchExpressions[0].key: Required value`,
    ),
    wrong(
      `a number for a label in ${field}`,
      { [field]: { matchLabels: { a: 1 } } },
      `spec.${field}.matchLabels.a: Invalid value: "integer"`,
    ),
  ]),
];

/**
 * Elements of `images`; without a fault they are patterns. The same table is put to the API server and to src/policy.
 */
export const PATTERNS: readonly { text: string; fault?: string }[] = [
  ...[
    'docker.io/library/busybox:*',
    'docker.io/library/busybox:1.3*',
    'docker.io/**:*',
    'docker.io/*/*:*',
    'docker.io/library/**:latest',
    'docker.io:443/busybox:*',
    'localhost/tool:LATEST',
    'registry.example:5000/a/b_c/d-*.e:v1.*',
    'registry.example/debug/**@sha256:*',
    `registry.example/debug/tool@sha256:${'0'.repeat(64)}`,
    'registry.example/tool@*:*',
    '*.example/**:*',
    '*.registry.example:5000/tool:*',
    '*/**:*',
    '*/**@*:*',
    '127.0.0.1:5000/tool:*',
    `registry.example/${'a'.repeat(493)}:*`,
  ].map((text) => ({ text })),
  ...[
    'busybox',
    '*',
    '**',
    'docker.io/library/busybox',
    'docker.io/library/busybox:',
    'docker.io/library/busybox@',
    'docker.io/library/busybox@sha256',
    'docker.io/library/busybox:1.36@sha256:*',
    'docker.io/library/Busybox:*',
    'Docker.io/library/busybox:*',
    'registry.*/tool:*',
    'registry*.example/tool:*',
    '*registry.example/tool:*',
    '**.example/tool:*',
    '*.*.example/tool:*',
    '*:5000/tool:*',
    'registry.example:*/tool:*',
    'registry.example:500000/tool:*',
    '[::1]/tool:*',
    '-registry.example/tool:*',
    '/tool:*',
    'registry.example//tool:*',
    'registry.example/tool/:*',
    'registry.example/tool:a b',
    'registry.example/tool:*\n',
    ' registry.example/tool:*',
    'registry.example/(a|b):*',
    'registry.example/tool:[0-9]',
    'registry.example/t\u043eol:*',
    'registry.example/tool@SHA256:*',
    'registry.example/tool@sha256:ABC*',
    'https://registry.example/tool:*',
  ].map((text) => ({
    text,
    fault:
      'must be a whole reference such as docker.io/library/busybox:*: registry (* alone, or * for its first names), path, and :tag or @digest',
  })),
  ...[
    'registry.example/**/tool:*',
    'registry.example/a**:*',
    'registry.example/**a:*',
    'registry.example/***:*',
    'registry.example/tool:**',
    'registry.example/**:**',
    'registry.example/**@sha256:**',
  ].map((text) => ({ text, fault: '** stands for the end of a path, as in registry.example/debug/**:*' })),
  ...[
    'docker.io/busybox:*',
    'docker.io/*:*',
    'docker.io/busybox@sha256:*',
    'index.docker.io/library/busybox:*',
    'index.docker.io/**:*',
  ].map((text) => ({ text, fault: 'an image of docker.io is written docker.io/library/NAME or docker.io/USER/NAME' })),
  { text: `registry.example/${'a'.repeat(494)}:*`, fault: 'may not be more than 512 bytes' },
];
