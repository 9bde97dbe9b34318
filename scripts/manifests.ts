import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What builds a kustomization: kubectl has kustomize in it. */
const BUILDERS = [
  ['kubectl', 'kustomize'],
  ['kustomize', 'build'],
] as const;

/**
 * Everything that `kubectl apply -k` would send, as one text.
 * @param builders programs to try, the first that there is @param folder from the root of the repository, or absolute
 * @throws Error with the program's words, or that none is there
 */
export function installManifests(
  builders: readonly (readonly string[])[] = BUILDERS,
  folder = 'config/default',
): string {
  for (const [program = '', ...args] of builders) {
    const { status, stdout, stderr, error } = spawnSync(program, [...args, resolve(root, folder)], {
      encoding: 'utf8',
      maxBuffer: 64 << 20,
    });
    if (error !== undefined && 'code' in error && error.code === 'ENOENT') continue;
    if (error !== undefined) throw new Error(`${program}: ${error.message}`, { cause: error });
    if (status !== 0) throw new Error(`${program} ${args.join(' ')} ${folder}: ${stderr.trim()}`);
    return stdout;
  }
  throw new Error('neither kubectl nor kustomize is there: install one of them, it builds the manifests');
}

/** `node scripts/manifests.ts [FILE]`: writes them to FILE, dist/install.yaml if none is given. */
function main(file = join(root, 'dist/install.yaml')): number {
  try {
    const text = installManifests();
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    process.stdout.write(`${file} is written; install it with: kubectl apply --server-side -f ${file}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = main(process.argv[2]);
