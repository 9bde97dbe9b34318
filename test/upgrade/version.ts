import { join } from 'node:path';
import { cluster } from '../cluster/cluster.ts';
import { repositoryPath } from '../support/documents/crd.ts';
import { untilBelieved } from '../support/jest/global-setup.ts';
import { lastReleaseFolder } from './last-release.ts';

/** The last release, or what this tree would become. */
export type Version = 'old' | 'new';

const FOLDERS: Record<Version, string> = { old: lastReleaseFolder, new: repositoryPath('.') };
const MANIFESTS = ['config/crd', 'config/rbac', 'config/admission'];

export function programOf(version: Version): string {
  return join(FOLDERS[version], 'dist/main.js');
}

/**
 * The custom resources, the roles and the policies of a version, in place of those of the other one: a policy that only
 * the other one has goes.
 */
export async function install(version: Version): Promise<void> {
  const other = FOLDERS[version === 'old' ? 'new' : 'old'];
  const mine = await policiesOf(FOLDERS[version]);
  const foreign = (await policiesOf(other)).filter((name) => !mine.includes(name));
  if (foreign.length > 0) await kubectl('delete', '--ignore-not-found', ...foreign);
  for (const part of MANIFESTS) await kubectl('apply', '-k', join(FOLDERS[version], part));
  await untilBelieved();
}

async function policiesOf(folder: string): Promise<string[]> {
  const listed = await kubectl('create', '--dry-run=client', '--output=name', '-k', join(folder, 'config/admission'));
  return listed.trim().split('\n');
}

async function kubectl(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await cluster().kubectl(args);
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr.trim()}`);
  return stdout;
}
