import { cluster } from '../../cluster/cluster.ts';
import { cachePaths } from '../../cluster/paths.ts';
import { argoDefinitions, ensureArgo, ensureFlux, FLUX, fluxDefinitions } from '../../cluster/programs.ts';
import { progressTo } from '../../cluster/progress.ts';
import { prepareClusterAlone } from './global-setup.ts';

/** As for every suite on a cluster, and the controllers of Flux and Argo CD built, and their resources served. */
async function prepareForGitOps(): Promise<void> {
  await ensureFlux(cachePaths(process.env), progressTo(process.stderr));
  await ensureArgo(cachePaths(process.env), progressTo(process.stderr));
  await prepareClusterAlone();
  const folders = await Promise.all(FLUX.map(fluxDefinitions));
  const definitions = [...folders, ...(await argoDefinitions())];
  await mustKubectl('apply', '--server-side', ...definitions.flatMap((path) => ['-f', path]));
  const kinds = [
    'crd/gitrepositories.source.toolkit.fluxcd.io',
    'crd/kustomizations.kustomize.toolkit.fluxcd.io',
    'crd/applications.argoproj.io',
    'crd/appprojects.argoproj.io',
  ];
  await mustKubectl('wait', '--for=condition=Established', '--timeout=300s', ...kinds);
}

async function mustKubectl(...args: string[]): Promise<void> {
  const outcome = await cluster().kubectl(args);
  if (outcome.code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${outcome.stderr.trim()}`);
}

// Jest takes the default export for the function to call.
export { prepareForGitOps as default };
