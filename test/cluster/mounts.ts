import { readFileSync } from 'node:fs';
import { run } from './run-program.ts';

export interface Mount {
  readonly target: string;
  readonly type: string;
}

/** Reads /proc/mounts. Spaces and the like stand there as octal escapes, see fstab(5). */
export function parseMounts(text: string): Mount[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [, target = '', type = ''] = line.split(' ');
      return {
        type,
        target: target.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))),
      };
    });
}

/** Everything mounted below a folder, the deepest first. */
export function mountsBelow(folder: string): string[] {
  return parseMounts(readFileSync('/proc/mounts', 'utf8'))
    .map(({ target }) => target)
    .filter((target) => target.startsWith(`${folder}/`))
    .reverse();
}

/**
 * Unmounts everything below a folder.
 * @throws Error when something stays: what is mounted there must not be deleted as if it were ours.
 */
export async function unmountBelow(folder: string): Promise<void> {
  for (let step = 0; step < 5 && mountsBelow(folder).length > 0; step++) {
    for (const target of mountsBelow(folder)) await run(['umount', '--lazy', target]);
  }
  const left = mountsBelow(folder);
  if (left.length > 0)
    throw new Error(`${left.length} mounts below ${folder} cannot be undone, the first is ${left[0]}`);
}
