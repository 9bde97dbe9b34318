import { readFileSync } from 'node:fs';
import { delimiter, dirname } from 'node:path';
import type { Cluster } from '../../cluster/cluster.ts';
import { run, type Outcome } from '../../cluster/run-program.ts';
import { repositoryPath } from './crd.ts';

/**
 * The `console` blocks of a section of a document, in order.
 * @param heading without its number signs
 * @throws Error when it has none
 */
export function documentedCommands(file: string, heading: string): string[] {
  const sections = readFileSync(repositoryPath(file), 'utf8').split(/^## /m);
  const section = sections.find((text) => text.startsWith(`${heading}\n`)) ?? '';
  const blocks = [...section.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block = '']) => block);
  if (blocks.length === 0) throw new Error(`${file} has no commands below "${heading}"`);
  return blocks;
}

/**
 * Types commands into a shell at the root of the repository, whose kubectl is the administrator's. A failure is an
 * outcome, never an exception.
 */
export function typeCommands(commands: string, { kubectlPath, kubeconfig }: Cluster): Promise<Outcome> {
  const env = {
    ...process.env,
    PATH: [dirname(kubectlPath), process.env['PATH']].join(delimiter),
    ...(kubeconfig !== undefined && { KUBECONFIG: kubeconfig }),
    NO_PROXY: '*',
  };
  return run(['sh', '-euc', commands], { cwd: repositoryPath('.'), env });
}
