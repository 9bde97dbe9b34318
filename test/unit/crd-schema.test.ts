import { describe, expect, it } from '@jest/globals';
import { RESERVED } from '../../src/cli/crd-rules.ts';
import { INVALID } from '../integration/manifests/invalid.ts';
import { INVALID_POLICIES, PATTERNS } from '../integration/manifests/policies.ts';
import { UPDATES } from '../integration/manifests/updates.ts';
import {
  debugApprovalSchema,
  debugPolicySchema,
  debugSessionSchema,
  type Schema,
  walkSchema,
} from '../support/documents/crd.ts';

const root = debugSessionSchema();

/** Paths of the fields for which `wrong` holds. The API server forbids to describe metadata. */
function fields(wrong: (field: Schema, path: string) => boolean, top = root): string[] {
  const found: string[] = [];
  walkSchema(top, (path, field) => {
    if (path !== 'metadata' && wrong(field, path)) found.push(path);
  });
  return found;
}

/** Every CEL rule as what the API server surely says of it: `spec.ttl` and `must be at least 1s`. */
function rules(top = root): { path: string; says: string }[] {
  const found: { path: string; says: string }[] = [];
  const collect = (path: string, field: Schema): void => {
    for (const { fieldPath = '', message, messageExpression } of field['x-kubernetes-validations'] ?? []) {
      const says = messageExpression === undefined ? message : longestText(messageExpression);
      found.push({ path: `${path}${fieldPath}`.replace(/^\./, '').replaceAll('[]', '[0]'), says: says ?? '' });
    }
  };
  collect('', top);
  walkSchema(top, collect);
  return found;
}

function longestText(expression: string): string {
  const texts = [...expression.matchAll(/'([^']*)'/g)].map(([, text = '']) => text);
  return texts.reduce((longest, text) => (text.length > longest.length ? text : longest), '');
}

it.each([
  ['DebugSession', root],
  ['DebugPolicy', debugPolicySchema()],
  ['DebugApproval', debugApprovalSchema()],
])('the rules of %s escape the names of CEL, which Kubernetes 1.30 asks for', (_, schema) => {
  const names: string[] = [];
  const collect = (path: string, field: Schema): void => {
    for (const { rule } of field['x-kubernetes-validations'] ?? [])
      for (const [, name = ''] of rule.matchAll(/\.(\w+)/g)) if (RESERVED.has(name)) names.push(`${path}: ${name}`);
  };
  collect('', schema);
  walkSchema(schema, collect);
  expect(names).toEqual([]);
});

describe('the schema of DebugSession', () => {
  it('the schema of DebugSession describes every field in sentences', () => {
    expect(fields((field) => !/^\S.*[^.]\.$/s.test(field.description ?? ''))).toEqual([]);
  });

  it('the schema of DebugSession says of every field of spec when it may change', () => {
    expect(
      fields(
        (field, path) =>
          /^spec\.[a-zA-Z]+$/.test(path) && !/\b(changes?|changed|raise)\b/i.test(field.description ?? ''),
      ),
    ).toEqual([]);
  });

  it('the schema of DebugSession says of every optional field of spec what its absence means', () => {
    const required = [
      'spec.target',
      'spec.image',
      'spec.env',
      'spec.args',
      'spec.securityContext',
      'spec.justification',
      'spec.attachers',
    ];
    expect(
      fields(
        (field, path) =>
          /^spec\.[a-zA-Z]+$/.test(path) && !required.includes(path) && !(field.description ?? '').includes('Absent:'),
      ),
    ).toEqual([]);
  });

  it('the schema of DebugSession bounds every string and every list, so that the cost of the rules is bounded', () => {
    expect(
      fields((field) => field.type === 'string' && field.maxLength === undefined && field.enum === undefined),
    ).toEqual(['apiVersion', 'kind']);
    expect(fields((field) => field.type === 'array' && field.maxItems === undefined)).toEqual([]);
  });

  it('the schema of DebugSession says of every list how it is merged', () => {
    expect(fields((field) => field.type === 'array' && field['x-kubernetes-list-type'] === undefined)).toEqual([]);
  });

  it('the schema of DebugSession has defaults only for attempt and an unwritten status', () => {
    expect(fields((field) => field.default !== undefined)).toEqual(['spec.attempt', 'status']);
    expect(root.properties?.['spec']?.properties?.['attempt']?.default).toBe(1);
    expect(root.properties?.['status']?.default).toEqual({ observedGeneration: -1 });
  });

  it('the schema of DebugSession has no rule without a refused session in the tables of tests', () => {
    const messages = [...INVALID, ...UPDATES].map(({ message }) => message ?? '');
    const untried = rules().filter(
      ({ path, says }) => !messages.some((message) => message.includes(path) && message.includes(says)),
    );
    expect(untried).toEqual([]);
    expect(rules().length).toBeGreaterThan(30);
  });
});

describe('the schema of DebugPolicy', () => {
  const policy = debugPolicySchema();
  const optional = fields((_, path) => /^spec\.[a-zA-Z]+$/.test(path), policy);

  it('the schema of DebugPolicy describes every field in sentences', () => {
    expect(fields((field) => !/^\S.*[^.]\.$/s.test(field.description ?? ''), policy)).toEqual([]);
  });

  it('the schema of DebugPolicy says of every field, or of its parts, what its absence means', () => {
    expect(optional.length).toBeGreaterThan(9);
    const untold = fields(
      (field, path) => optional.includes(path) && !(field.description ?? '').includes('Absent:'),
      policy,
    );
    expect(untold).toEqual(['spec.ttl', 'spec.limits', 'spec.defaults']);
    const parts = fields(
      (field, path) => /^spec\.(ttl|limits|defaults)\./.test(path) && !(field.description ?? '').includes('Absent:'),
      policy,
    );
    expect(parts).toEqual([]);
  });

  it('the schema of DebugPolicy bounds every string and list, says how lists are merged, and has no defaults', () => {
    const unbounded = fields(
      (field) => field.type === 'string' && field.maxLength === undefined && field.enum === undefined,
      policy,
    );
    expect(unbounded).toEqual(['apiVersion', 'kind']);
    expect(fields((field) => field.type === 'array' && field.maxItems === undefined, policy)).toEqual([]);
    expect(fields((field) => field.type === 'array' && field['x-kubernetes-list-type'] === undefined, policy)).toEqual(
      [],
    );
    expect(fields((field) => field.default !== undefined, policy)).toEqual([]);
  });

  it('the schema of DebugPolicy has no rule without a refused policy in the tables of tests', () => {
    const messages = [
      ...INVALID_POLICIES.map(({ message }) => message ?? ''),
      ...PATTERNS.map(({ fault }) => `spec.images[0] ${fault}`),
    ];
    const untried = rules(policy).filter(
      ({ path, says }) => !messages.some((message) => message.includes(path) && message.includes(says)),
    );
    expect(untried).toEqual([]);
    expect(rules(policy)).toHaveLength(14);
  });
});
