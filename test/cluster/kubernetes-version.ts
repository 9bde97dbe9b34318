import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const modulesFolder = join(import.meta.dirname, 'modules');
const PREFIX = 'kubernetes-';

/** What the tests, the demo and the benchmarks run on where nothing is said. */
export const DEFAULT_MINOR = '1.37';

/** The minor versions that the launcher can build, newest first: one folder of test/cluster/modules each. */
export function kubernetesMinors(): string[] {
  const found = readdirSync(modulesFolder).filter((name) => name.startsWith(PREFIX));
  const number = (minor: string): number => Number(minor.split('.')[1]);
  return found.map((name) => name.slice(PREFIX.length)).sort((a, b) => number(b) - number(a));
}

/**
 * The minor version that KUBERNETES_VERSION asks for, such as 1.35.
 * @throws Error that names those that there are
 */
export function kubernetesMinor(environment: NodeJS.ProcessEnv): string {
  const asked = environment['KUBERNETES_VERSION'] || DEFAULT_MINOR;
  const minors = kubernetesMinors();
  if (!minors.includes(asked))
    throw new Error(`KUBERNETES_VERSION is ${JSON.stringify(asked)}; it can be one of ${minors.join(', ')}`);
  return asked;
}

/** Where the go.mod of that minor version lies. */
export function kubernetesModule(minor: string): string {
  return join(modulesFolder, `${PREFIX}${minor}`);
}

/** The whole version that go.mod pins, such as v1.35.4. */
export function pinnedVersion(minor: string): string {
  const text = readFileSync(join(kubernetesModule(minor), 'go.mod'), 'utf8');
  const version = /^require k8s\.io\/kubernetes (\S+)/m.exec(text)?.[1];
  if (version === undefined) throw new Error(`${kubernetesModule(minor)}/go.mod pins no k8s.io/kubernetes`);
  return version;
}
