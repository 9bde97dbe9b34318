import { Installation } from '../cluster/installation.ts';

/** After the suite that runs against the Deployment. */
async function removeForAll(): Promise<void> {
  const installation = new Installation();
  try {
    await installation.remove();
  } finally {
    await installation.close();
  }
}

// Jest takes the default export for the function to call.
export { removeForAll as default };
