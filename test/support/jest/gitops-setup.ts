import { cluster } from '../../cluster/cluster.ts';
import { cachePaths } from '../../cluster/paths.ts';
import { ensureFlux, FLUX, fluxDefinitions } from '../../cluster/programs.ts';
import { progressTo } from '../../cluster/progress.ts';
import { prepareClusterAlone } from './global-setup.ts';

/** As for every suite on a cluster, and the controllers of Flux built, and their resources served. */
async function prepareForFlux(): Promise<void> {
  await ensureFlux(cachePaths(process.env), progressTo(process.stderr));
  await prepareClusterAlone();
  const folders = await Promise.all(FLUX.map(fluxDefinitions));
  await mustKubectl('apply', '--server-side', ...folders.flatMap((folder) => ['-f', folder]));
  const kinds = ['gitrepositories.source', 'kustomizations.kustomize'].map((kind) => `crd/${kind}.toolkit.fluxcd.io`);
  await mustKubectl('wait', '--for=condition=Established', '--timeout=30s', ...kinds);
}

async function mustKubectl(...args: string[]): Promise<void> {
  const outcome = await cluster().kubectl(args);
  if (outcome.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${outcome.stderr.trim()}`);
}

// Jest takes the default export for the function to call.
export { prepareForFlux as default };
