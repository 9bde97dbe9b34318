import { mkdtempSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Metafile } from 'esbuild';
import { buildAll } from '../../scripts/build.ts';

/** What is in the file that the image runs, with its bytes. */
describe('the bundle', () => {
  const outdir = mkdtempSync(join(tmpdir(), 'debugsession-bundle-'));
  let main: Metafile['outputs'][string] | undefined;

  beforeAll(async () => {
    const { outputs } = await buildAll(outdir);
    main = Object.entries(outputs).find(([file]) => file.endsWith('/main.js'))?.[1];
  });

  afterAll(() => rmSync(outdir, { recursive: true, force: true }));

  const bytesOf = (part: string): number =>
    Object.entries(main?.inputs ?? {})
      .filter(([path]) => path.includes(part))
      .reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0);

  it('holds the operator and the parts of the client that it uses', () => {
    expect(bytesOf('src/operator.ts')).toBeGreaterThan(0);
    expect(bytesOf('@kubernetes/client-node/dist/config.js')).toBeGreaterThan(0);
    expect(bytesOf('@dot-i/k8s-operator/')).toBeGreaterThan(0);
  });

  it('leaves out the classes of every Kubernetes resource and the HTTP client of the skeleton: memory and start time', () => {
    expect(bytesOf('@kubernetes/client-node/dist/gen/models/')).toBe(0);
    expect(bytesOf('@kubernetes/client-node/dist/gen/apis/')).toBeLessThan(1_000);
    expect(bytesOf('node_modules/gaxios/')).toBe(0);
  });

  it('leaves out CEL, which the offline check alone evaluates', () => {
    expect(bytesOf('node_modules/@bufbuild/')).toBe(0);
  });

  it('is one file that needs no other package at run time', () => {
    const imported = main?.imports.map(({ path }) => path) ?? [];
    expect(imported).not.toHaveLength(0);
    expect(imported.filter((name) => !isBuiltin(name))).toEqual([]);
  });
});
