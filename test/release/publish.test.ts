import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { checksums } from '../../scripts/release/provenance.ts';
import { sha256 } from '../../scripts/release/oci-layout.ts';
import { VERSION } from '../../src/version.ts';
import { ensurePackages, hasProgram } from '../cluster/packages.ts';
import { cachePaths } from '../cluster/paths.ts';
import { silent } from '../cluster/progress.ts';
import { mustRun, type Outcome, run } from '../cluster/run-program.ts';
import { ensureTool } from '../cluster/tools.ts';
import { freePort } from '../support/cluster/free-port.ts';
import { Helm } from '../support/cluster/helm.ts';
import { repositoryPath } from '../support/documents/crd.ts';
import { madeRelease } from '../support/release/made-release.ts';

// `make publish`, to a registry on this machine.

let crane: string;
let server: ChildProcess;
let registry: string;
/** A release that was made for that registry. */
let folder: string;

beforeAll(async () => {
  await ensurePackages(silent, [{ name: 'skopeo', isThere: () => hasProgram('skopeo') }]);
  crane = await ensureTool('crane', cachePaths(process.env), silent);
  registry = `127.0.0.1:${await freePort()}`;
  server = spawn(crane, ['registry', 'serve', '--address', registry], { stdio: ['ignore', 'ignore', 'pipe'] });
  if (server.stderr !== null) await once(server.stderr, 'data');
  folder = mkdtempSync(join(tmpdir(), 'debugsession-publish-'));
  cpSync(await madeRelease(VERSION), folder, { recursive: true });
  edit('install.yaml', (text) => text.replaceAll('registry.example/', `${registry}/`));
});

afterAll(() => {
  server.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** Changes a file of the release, and its checksum. */
function edit(name: string, change: (text: string) => string): void {
  writeFileSync(join(folder, name), change(readFileSync(join(folder, name), 'utf8')));
  const names = readdirSync(folder).filter((other) => other !== 'SHA256SUMS');
  const sums = names.map((other) => ({ name: other, sha256: sha256(readFileSync(join(folder, other))) }));
  writeFileSync(join(folder, 'SHA256SUMS'), checksums(sums));
}

function publish(...options: string[]): Promise<Outcome> {
  const argv = [process.execPath, repositoryPath('scripts/publish.ts'), `--from=${folder}`, '--insecure', ...options];
  return run([...argv, VERSION]);
}

const published = (): Promise<string> => mustRun([crane, 'catalog', '--insecure', registry]);

it('make publish refuses a release on a stand-in, one for another registry and one with a changed file', async () => {
  const here = `--registry=${registry}`;
  const standIn = await publish(here);
  expect([standIn.code, standIn.stderr]).toEqual([
    1,
    expect.stringMatching(/is a stand-in: run make release with BASE=registry\n$/),
  ]);
  const other = await publish('--registry=other.example', '--stand-in');
  expect([other.code, other.stderr]).toEqual([1, expect.stringContaining(`was not made for other.example/`)]);
  const notes = readFileSync(join(folder, 'RELEASE_NOTES.md'), 'utf8');
  writeFileSync(join(folder, 'RELEASE_NOTES.md'), 'changed');
  const changed = await publish(here, '--stand-in');
  expect([changed.code, changed.stderr]).toEqual([
    1,
    expect.stringContaining(`RELEASE_NOTES.md in ${folder} is not the file that was made`),
  ]);
  writeFileSync(join(folder, 'RELEASE_NOTES.md'), notes);
  expect(await published()).toBe('');
});

it('make publish pushes the image and the chart with the digests that the files name', async () => {
  const { code, stdout, stderr } = await publish(`--registry=${registry}`, '--stand-in');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout.match(/is published/g)).toHaveLength(2);
  const named = /image: (\S+)@(sha256:\S+)$/m.exec(readFileSync(join(folder, 'install.yaml'), 'utf8')) ?? [];
  const [, image = '', digest] = named;
  expect(await mustRun([crane, 'digest', '--insecure', image])).toBe(`${digest}\n`);
  await mustRun([crane, 'validate', '--insecure', '--remote', image]);
  const platforms = await mustRun([crane, 'manifest', '--insecure', image]);
  expect(platforms.match(/"architecture":"\w+"/g)).toEqual(['"architecture":"amd64"', '"architecture":"arm64"']);
});

it('Helm takes the published chart from the registry', async () => {
  const helm = await Helm.open();
  try {
    const chart = `oci://${registry}/charts/debugsession`;
    const pulled = ['pull', chart, '--version', VERSION, '--plain-http', '--destination', join(folder, 'pulled')];
    await mustRun(['mkdir', join(folder, 'pulled')]);
    await helm.ok(pulled);
    const name = `debugsession-${VERSION}.tgz`;
    expect(readFileSync(join(folder, 'pulled', name))).toEqual(readFileSync(join(folder, name)));
  } finally {
    helm.close();
  }
});
