import { describe, expect, it } from '@jest/globals';
import { checkPolicies } from '../../../src/cli/policy-check.ts';
import { INVALID } from '../../integration/manifests/invalid.ts';
import { INVALID_POLICIES, PATTERNS, VALID_POLICIES } from '../../integration/manifests/policies.ts';
import type { CreateCase, Manifest } from '../../integration/manifests/table.ts';
import { VALID } from '../../integration/manifests/valid.ts';
import { debugPolicySchema, debugSessionSchema, type Schema, walkSchema } from '../../support/documents/crd.ts';

// The API server is put to the same tables (test/integration): what it refuses must not be called allowed here, and the
// other way round.
const schemas = { policy: debugPolicySchema(), session: debugSessionSchema() };

/** What the tool finds wrong with an object, in lines. */
function faults(kind: string, spec: Manifest, name = 'a'): string {
  const text = JSON.stringify({ apiVersion: 'debugsession.dev/v1alpha1', kind, metadata: { name }, spec });
  const report = checkPolicies([{ source: 'f', text }], { schemas, namespace: 'default' });
  return report.kind === 'judged' ? '' : report.faults.join('\n');
}

/** The CEL rules that a new object can break, and where they stand. */
function rules(schema: Schema): { path: string; message: string }[] {
  const found: { path: string; message: string }[] = [];
  const collect = (path: string, { 'x-kubernetes-validations': given = [] }: Schema): void => {
    for (const { rule, message = '', fieldPath = '' } of given) {
      if (!rule.includes('oldSelf'))
        found.push({ path: `${path}${fieldPath}`.replace(/^[.]/, '').replaceAll('[]', '[0]'), message });
    }
  };
  collect('', schema);
  walkSchema(schema, collect);
  return found;
}

const sessionFaults = INVALID.map(({ spec, sessionName }) => faults('DebugSession', spec, sessionName));
const policyFaults = [...INVALID_POLICIES.map(({ spec }) => spec), ...PATTERNS.map(({ text }) => ({ images: [text] }))];

describe('the check of an object without a cluster', () => {
  it.each(VALID)('the check finds nothing wrong with a session with $what', ({ spec }: CreateCase) => {
    expect(faults('DebugSession', spec)).toBe('');
  });

  it.each(INVALID)('the check refuses a session with $what', ({ spec, sessionName }: CreateCase) => {
    expect(faults('DebugSession', spec, sessionName)).toMatch(/^f: document 1, line 1: /);
  });

  it.each(VALID_POLICIES)('the check finds nothing wrong with a policy with $what', ({ spec }) => {
    expect(faults('DebugPolicy', spec)).toBe('');
  });

  it.each(INVALID_POLICIES)('the check refuses a policy with $what', ({ spec }) => {
    expect(faults('DebugPolicy', spec)).toMatch(/^f: document 1, line 1: /);
  });

  it.each(PATTERNS)('the check judges the image pattern $text as the CRD does', ({ text, fault }) => {
    const found = faults('DebugPolicy', { images: [text] });
    if (fault === undefined) expect(found).toBe('');
    // Its length is a bound of the schema and no rule.
    else expect(found).toContain(fault.startsWith('may not be more') ? 'may not be longer than 512' : fault);
  });

  it('the check knows every rule of DebugSession, and quotes the message of the CRD', () => {
    const known = rules(debugSessionSchema());
    expect(known.length).toBeGreaterThan(40);
    const said = sessionFaults.join('\n');
    expect(known.filter(({ message }) => !said.includes(message))).toEqual([]);
    expect(known.filter(({ path }) => !said.includes(`: ${path}: `.replace(': : ', ': ')))).toEqual([]);
  });

  it('the check knows every rule of DebugPolicy, and quotes the message of the CRD', () => {
    const known = rules(debugPolicySchema());
    expect(known.length).toBeGreaterThan(8);
    const said = policyFaults.map((spec) => faults('DebugPolicy', spec)).join('\n');
    expect(known.filter(({ message }) => !said.includes(message))).toEqual([]);
  });

  it.each([
    ['an empty target', { target: {} }, 'spec.target: exactly one of podName and workloadRef must be set'],
    ['a ttl with a blank', { ttl: '5 min' }, 'spec.ttl: must be a duration such as 45s, 30m or 1h30m, found "5 min"'],
    ['too long a ttl', { ttl: '99999h' }, 'spec.ttl: must be at most 8760h, found "99999h"'],
    [
      'a time without a zone',
      { notAfter: '2026-12-01T18:00:00' },
      'spec.notAfter: must be a time with its zone, such as 2026-12-01T18:00:00Z, found "2026-12-01T18:00:00"',
    ],
    [
      'a day that there is not',
      { notAfter: '2026-13-01T18:00:00Z' },
      'spec.notAfter: must be a time with its zone, such as 2026-12-01T18:00:00Z, found "2026-13-01T18:00:00Z"',
    ],
    ['a variable twice', { env: [{ name: 'A' }, { name: 'A' }] }, 'spec.env[1]: name "A" appears twice'],
    ['an empty command', { command: [] }, 'spec.command: must not be empty'],
  ])('the check writes one line about %s', (_, changes, message) => {
    const spec = { target: { podName: 'web' }, image: 'busybox', ...changes };
    expect(faults('DebugSession', spec)).toBe(`f: document 1, line 1: ${message}`);
  });

  it('the check drops the status of a manifest, as the API server does at a creation', () => {
    const spec = {
      target: { podName: 'web' },
      image: 'busybox',
      command: ['x'.repeat(16_000)],
      args: ['y'.repeat(400)],
    };
    const session = { apiVersion: 'debugsession.dev/v1alpha1', kind: 'DebugSession', metadata: { name: 'a' }, spec };
    const text = JSON.stringify({ ...session, status: { phase: 'Completed', observedGeneration: 1 } });
    const report = checkPolicies([{ source: 'f', text }], { schemas, namespace: 'default' });
    expect(report).toMatchObject({
      kind: 'unusable',
      faults: [expect.stringMatching(/^f: document 1, line 1: spec: .* may have 16384 bytes in all/)],
    });
  });

  it('the check counts characters as the API server does', () => {
    const says = (length: number): Manifest => ({
      target: { podName: 'web' },
      image: 'busybox',
      justification: '\u{1f41f}'.repeat(length),
    });
    expect(faults('DebugSession', says(1024))).toBe('');
    expect(faults('DebugSession', says(1025))).toContain('may not be longer than 1024 characters');
  });
});
