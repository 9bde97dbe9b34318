import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { VERSION } from '../../src/version.ts';
import { repositoryPath } from '../support/documents/crd.ts';

const versionIn = (file: string): unknown =>
  (JSON.parse(readFileSync(repositoryPath(file), 'utf8')) as { version?: unknown }).version;

it.each(['package.json', 'package-lock.json'])('the operator calls itself by the version of %s', (file) => {
  expect(versionIn(file)).toBe(VERSION);
});
