import { expect, it } from '@jest/globals';
const x: number = 1;
it('node 24 runs TypeScript', async () => {
  const op = await import('@dot-i/k8s-operator');
  expect(typeof op.default).toBe('object');
  expect(x).toBe(1);
  expect(process.version).toMatch(/^v24/);
});
