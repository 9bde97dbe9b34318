import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { BUILT_IN_POLICY } from '../../../src/policy/built-in.ts';
import { repositoryPath } from '../../support/documents/crd.ts';

it('the built-in policy equals the policy of config/policy', () => {
  const object: unknown = parse(readFileSync(repositoryPath('config/policy/default-policy.yaml'), 'utf8'));
  expect(object).toMatchObject({ kind: 'DebugPolicy', metadata: { name: 'default' } });
  expect((object as { spec: unknown }).spec).toEqual(BUILT_IN_POLICY);
});
