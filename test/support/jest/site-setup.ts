import { spawnSync } from 'node:child_process';
import { repositoryPath } from '../documents/crd.ts';

/** Before the suite of the site: the site as `make site` builds it. */
function buildSite(): void {
  const { status, stdout, stderr } = spawnSync('make', ['site'], { cwd: repositoryPath('.'), encoding: 'utf8' });
  if (status !== 0) throw new Error(`make site failed:\n${stdout}${stderr}`);
}

// Jest takes the default export for the function to call.
export { buildSite as default };
