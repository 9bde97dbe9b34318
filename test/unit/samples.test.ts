import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { parse } from 'yaml';
import type { DebugSession } from '../../src/api/debugsession.ts';
import { BUILT_IN_POLICY } from '../../src/policy/built-in.ts';
import { evaluate } from '../../src/policy/evaluate.ts';
import { repositoryPath } from '../support/documents/crd.ts';

const samples = readdirSync(repositoryPath('config/samples')).filter((name) => name !== 'kustomization.yaml');

it.each(samples)('the sample %s says whether the built-in policy allows it', (name) => {
  const text = readFileSync(repositoryPath(`config/samples/${name}`), 'utf8');
  const { spec } = parse(text) as DebugSession;
  const reasons = evaluate(BUILT_IN_POLICY, { spec, namespace: { name: 'shop', isSystem: false } });
  expect(text.includes('The built-in policy does not.')).toBe(reasons.length > 0);
});
