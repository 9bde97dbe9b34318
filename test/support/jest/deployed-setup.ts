import { cluster } from '../../cluster/cluster.ts';
import { prepareCluster } from './global-setup.ts';
import { Installation } from '../cluster/installation.ts';
import { ensureOperatorImage } from '../cluster/operator-image.ts';

/** Before the suite that runs against the Deployment: builds the image, loads it, installs config/default as it is. */
async function installForAll(): Promise<void> {
  const { node } = cluster();
  if (node === undefined)
    throw new Error('an image cannot be loaded into a cluster of somebody else: leave CLUSTER out');
  await prepareCluster();
  const image = await ensureOperatorImage(node);
  const installation = new Installation();
  try {
    await installation.apply(image);
  } catch (error) {
    // Jest does not run the teardown of a setup that failed, and what stays would serve the sessions of every other
    // suite.
    await installation.remove();
    throw error;
  } finally {
    await installation.close();
  }
}

// Jest takes the default export for the function to call.
export { installForAll as default };
