import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { stagePages } from './site/stage.ts';

// `make site`: docs/ as a site in dist/site (docs/adr/0049). SITE_BASE=/path/ where it is not at the root of its host.

const root = fileURLToPath(new URL('..', import.meta.url));
stagePages(root, `${root}dist/site-pages`);

// Node's options of the caller, such as those of jest, are not for VitePress.
const env = { ...process.env, NODE_OPTIONS: '' };
const built = spawnSync(process.execPath, [`${root}site/node_modules/vitepress/bin/vitepress.js`, 'build', 'site'], {
  cwd: root,
  env,
  stdio: 'inherit',
});
process.exitCode = built.status ?? 1;
