import { bind } from 'jest-each';
import { expect } from 'expect';

// What the unit tests take from '@jest/globals', on Mocha: Stryker's runner for Jest loads every file again for each
// mutant, that for Mocha loads them once (docs/adr/0068). Mocha's own functions are there when the first test file is.

/** Each test takes less than a second on an idle machine. */
const LIMIT_MS = 5_000;

export { expect };
export const describe = (name, body) => globalThis.describe(name, body);
export const beforeEach = (body) => globalThis.beforeEach(body);
export const afterEach = (body) => globalThis.afterEach(body);
// A mutant may leave a test waiting for good. The next test goes on, while Stryker would have to start a new process.
export const it = (name, body) => globalThis.it(name, () => body()).timeout(LIMIT_MS);
describe.each = bind(describe);
it.each = bind(it);
