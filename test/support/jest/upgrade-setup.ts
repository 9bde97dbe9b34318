import { ensureLastRelease } from '../../upgrade/last-release.ts';
import { prepareClusterAlone } from './global-setup.ts';

/** Before the suite `upgrade`: this operator and that of the last release, both built. */
export async function prepareUpgrade(): Promise<void> {
  await prepareClusterAlone();
  const missing = await ensureLastRelease();
  if (missing !== undefined) process.stderr.write(`upgrade: every test is skipped: ${missing}\n`);
}

// Jest takes the default export for the function to call.
export { prepareUpgrade as default };
