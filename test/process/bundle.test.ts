import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Metafile } from 'esbuild';
import { orderArguments, STOP_EXIT } from '../../src/api/stop-order.ts';
import { buildAll } from '../../scripts/build.ts';

/** What is in the file that the image runs, with its bytes. */
describe('the bundle', () => {
  const outdir = mkdtempSync(join(tmpdir(), 'debugsession-bundle-'));
  let main: Metafile['outputs'][string] | undefined;
  let nodeStop: Metafile['outputs'][string] | undefined;

  beforeAll(async () => {
    const { outputs } = await buildAll(outdir);
    const output = (name: string) => Object.entries(outputs).find(([file]) => file.endsWith(`/${name}`))?.[1];
    [main, nodeStop] = [output('main.js'), output('node-stop.js')];
  });

  afterAll(() => rmSync(outdir, { recursive: true, force: true }));

  const bytesOf = (part: string): number =>
    Object.entries(main?.inputs ?? {})
      .filter(([path]) => path.includes(part))
      .reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0);

  it('the bundle holds the operator and the parts of the client that the operator uses', () => {
    expect(bytesOf('src/operator.ts')).toBeGreaterThan(0);
    expect(bytesOf('@kubernetes/client-node/dist/config.js')).toBeGreaterThan(0);
    expect(bytesOf('@dot-i/k8s-operator/')).toBeGreaterThan(0);
  });

  it('the bundle leaves out the classes of every Kubernetes resource and the HTTP client of the skeleton', () => {
    expect(bytesOf('@kubernetes/client-node/dist/gen/models/')).toBe(0);
    expect(bytesOf('@kubernetes/client-node/dist/gen/apis/')).toBeLessThan(1_000);
    expect(bytesOf('node_modules/gaxios/')).toBe(0);
  });

  it('the bundle leaves out the fetch, WebSocket and mocks of undici, and keeps what sends requests', () => {
    expect(bytesOf('undici/lib/dispatcher/agent.js')).toBeGreaterThan(0);
    for (const name of ['undici/lib/web/fetch/index.js', 'undici/lib/web/websocket/', 'undici/lib/mock/'])
      expect([name, bytesOf(name)]).toEqual([name, 0]);
  });

  it('Node takes the files of the bundle for modules in a folder of their own', () => {
    const ran = spawnSync(process.execPath, [join(outdir, 'main.js'), '--version'], {
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '--no-experimental-detect-module' },
    });
    expect([ran.status, ran.stderr]).toEqual([0, '']);
  });

  it('the bundle leaves out CEL, which only the offline check evaluates', () => {
    expect(bytesOf('node_modules/@bufbuild/')).toBe(0);
  });

  it('the bundle leaves out gRPC, which only the program of a stop pod speaks', () => {
    for (const name of ['@grpc/', 'protobufjs/', 'src/node-stop/']) expect([name, bytesOf(name)]).toEqual([name, 0]);
  });

  it('the bundle and the program of a stop pod are single files that need no package at run time', () => {
    for (const bundle of [main, nodeStop]) {
      const imported = bundle?.imports.map(({ path }) => path) ?? [];
      expect(imported).not.toHaveLength(0);
      expect(imported.filter((name) => !isBuiltin(name))).toEqual([]);
    }
  });

  it('the program of a stop pod reads only files beside it, with the licences of its packages', () => {
    const folder = join(outdir, 'app');
    mkdirSync(folder);
    for (const file of ['node-stop.js', 'cri.proto']) copyFileSync(join(outdir, file), join(folder, file));
    const order = orderArguments({
      ...{ containerID: 'ab'.repeat(32), containerName: 'debug-0123abcd-1' },
      ...{ podUID: 'uid', podNamespace: 'shop', podName: 'web', graceSeconds: '0' },
    });
    const nobody = `--socket=${join(folder, 'nobody.sock')}`;
    const ran = spawnSync(process.execPath, ['node-stop.js', nobody, ...order], { cwd: folder, encoding: 'utf8' });
    expect([ran.status, ran.stderr]).toEqual([STOP_EXIT.failed, expect.stringContaining('ENOENT')]);
    const licences = readFileSync(join(outdir, 'node-stop.js.LEGAL.txt'), 'utf8');
    for (const name of ['@grpc/grpc-js', 'protobufjs', 'long']) expect(licences).toMatch(new RegExp(`^${name}$`, 'm'));
  });
});
