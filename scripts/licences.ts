import { existsSync, readFileSync } from 'node:fs';

const NAMES = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'LICENCE'];

/**
 * The licences of the packages that a bundle was made of, as one text: they ask to go with it.
 * @param inputs by path, as esbuild's metafile has them
 * @param root the repository, with a slash at the end
 * @throws Error for a package without one
 */
export function licencesOf({ inputs }: { inputs: object }, root: string): string {
  const packages = new Set(
    Object.keys(inputs).flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []),
  );
  return [...packages]
    .sort()
    .map((name) => `${name}\n\n${licenceOf(`${root}node_modules/${name}`)}\n`)
    .join('\n');
}

function licenceOf(folder: string): string {
  const file = NAMES.map((name) => `${folder}/${name}`).find(existsSync);
  if (file !== undefined) return readFileSync(file, 'utf8');
  const { license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as { license?: string };
  if (license === undefined) throw new Error(`${folder} has no licence`);
  return `Licence: ${license}\n`;
}
