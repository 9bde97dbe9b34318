import { repositoryPath } from '../documents/crd.ts';
import type { Stage } from './stage.ts';

const FILES = ['node-role', 'node-role-binding', 'usage-role', 'usage-role-binding'].flatMap((name) => [
  '-f',
  repositoryPath(`config/components/pressure/${name}.yaml`),
]);

/** Gives the operator's account the rights of config/components/pressure. */
export async function grantPressureRights(stage: Stage): Promise<void> {
  const applied = await stage.cluster.kubectl(['apply', ...FILES]);
  if (applied.code !== 0) throw new Error(applied.stderr);
}

/** Takes them away again. */
export async function withdrawPressureRights(stage: Stage): Promise<void> {
  await stage.cluster.kubectl(['delete', '--ignore-not-found', ...FILES]);
}
