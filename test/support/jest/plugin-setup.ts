import { buildPlugin } from '../../../scripts/plugin.ts';
import { prepareClusterAlone } from './global-setup.ts';

/** Before the suite of `kubectl dbg`: the operator, its resource and its rights, and the plugin as it is handed out. */
async function preparePlugin(): Promise<void> {
  await prepareClusterAlone();
  await buildPlugin();
}

// Jest takes the default export for the function to call.
export { preparePlugin as default };
