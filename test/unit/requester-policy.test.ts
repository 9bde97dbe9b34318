import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { FINGERPRINTS, fingerprintOf, REQUESTER_POLICY } from '../../src/reconcile/requester-policy.ts';
import { repositoryPath } from '../support/documents/crd.ts';

// The operator trusts the admission policy that it knows, and no other.

interface Manifest {
  metadata: { name: string };
  spec: { policyName?: string; validationActions?: string[] };
}

const read = (name: string): Manifest =>
  parse(readFileSync(repositoryPath(`config/admission/${name}.yaml`), 'utf8')) as Manifest;

it('the fingerprint in the code is that of the requester policy that config/admission installs', () => {
  const [policy, binding] = [read('requester-policy'), read('requester-policy-binding')];
  expect([policy.metadata.name, binding.metadata.name, binding.spec.policyName]).toEqual(
    Array.from({ length: 3 }, () => REQUESTER_POLICY),
  );
  expect({ policy: fingerprintOf(policy.spec), binding: fingerprintOf(binding.spec) }).toEqual(FINGERPRINTS);
});

it('the fingerprint of a binding that only audits is another one', () => {
  const binding = read('requester-policy-binding');
  expect(fingerprintOf({ ...binding.spec, validationActions: ['Audit'] })).not.toBe(FINGERPRINTS.binding);
});
