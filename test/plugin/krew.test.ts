import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { packPlugin } from '../../scripts/plugin.ts';
import { VERSION } from '../../src/version.ts';
import { cachePaths } from '../cluster/paths.ts';
import { ensureKrew } from '../cluster/programs.ts';
import { type Outcome, run } from '../cluster/run-program.ts';

// krew itself, and the validator that its index uses, judge what `make plugin` writes. Neither needs a network.

let folder: string;
let packed: Awaited<ReturnType<typeof packPlugin>>;
let programs: Awaited<ReturnType<typeof ensureKrew>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kubectl-dbg-krew-'));
  packed = await packPlugin(folder);
  programs = await ensureKrew(cachePaths(process.env), { line: () => undefined, during: (_, work) => work() });
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Installs into a folder of its own. */
function install(root: string, archive: string): Promise<Outcome> {
  const argv = [programs.krew, 'install', `--manifest=${packed.manifest}`, `--archive=${archive}`];
  return run(argv, { env: { ...process.env, KREW_ROOT: join(folder, root) } });
}

it("krew's validator accepts the manifest", async () => {
  const argv = [programs.validateKrewManifest, '-manifest', packed.manifest, '-skip-install'];
  const { code, stderr } = await run(argv);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringMatching(/^[EF]\d{4} /m) });
});

it('krew installs the plugin from the manifest and the archive, and it runs', async () => {
  const installed = await install('krew', packed.archive);
  expect(installed).toMatchObject({ code: 0, stderr: expect.stringContaining('Installed plugin: dbg') });
  expect(installed.stderr).toContain('Needs Node 22.12 or newer');
  const env = {
    ...process.env,
    NODE_OPTIONS: '',
    PATH: [join(folder, 'krew', 'bin'), dirname(process.execPath), process.env['PATH']].join(delimiter),
  };
  const said = await run(['kubectl-dbg', '--version'], { env });
  expect(said).toMatchObject({ code: 0, stdout: `${VERSION}\n` });
});

it('krew refuses an archive that is not the one of the manifest', async () => {
  const other = join(folder, 'other.tar.gz');
  writeFileSync(other, Buffer.concat([readFileSync(packed.archive), Buffer.from('more')]));
  const refused = await install('other', other);
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toMatch(/checksum does not match/);
});
