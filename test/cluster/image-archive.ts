import { writeFileSync } from 'node:fs';
import { buildImages } from './images.ts';
import { ensurePackages } from './packages.ts';
import { cachePaths } from './paths.ts';
import { ensureImagePrograms } from './programs.ts';
import { progressTo } from './progress.ts';

/**
 * Writes the test images as one archive, for a cluster that this launcher did not start: node
 * test/cluster/image-archive.ts FILE.tar
 */
const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('usage: node test/cluster/image-archive.ts FILE.tar\n');
  process.exitCode = 2;
} else {
  const progress = progressTo(process.stderr);
  await ensurePackages(progress);
  const programs = await ensureImagePrograms(cachePaths(process.env), progress);
  writeFileSync(file, await buildImages((name) => programs.get(name) ?? name));
  process.stdout.write(
    `${file} is written; load it with "kind load image-archive ${file}" or "minikube image load ${file}"\n`,
  );
}
