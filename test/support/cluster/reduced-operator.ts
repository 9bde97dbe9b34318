import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { repositoryPath } from '../documents/crd.ts';
import type { OperatorProcess } from './operator-process.ts';
import { letReadPolicy } from './policy-reader.ts';
import type { Stage } from './stage.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';

/** A file of config/rbac with one more right each. */
const FILES = { exec: 'manager-exec-role.yaml', attach: 'manager-attach-role.yaml' };

export interface Reduced {
  /** What it has besides the rights that no component takes away. */
  also?: readonly (keyof typeof FILES)[];
  /** Resources that it may do nothing with, such as pods/eviction; each must have a rule of its own. */
  without?: readonly string[];
}

function rulesOf(file: string): { resources: string[] }[] {
  return (parse(readFileSync(repositoryPath(`config/rbac/${file}`), 'utf8')) as { rules: { resources: string[] }[] })
    .rules;
}

/**
 * Starts an operator with fewer rights than its own, as after config/components/without-exec or without-attach: those
 * of config/rbac, bound in the namespace of the stage to its account `default`.
 */
export async function startReduced(
  stage: Stage,
  { also = [], without = [] }: Reduced = {},
  ...args: string[]
): Promise<OperatorProcess> {
  const all = ['manager-role.yaml', ...also.map((right) => FILES[right])].flatMap(rulesOf);
  const rules = all.filter(({ resources }) => !resources.some((resource) => without.includes(resource)));
  if (rules.length !== all.length - without.length) throw new Error(`not one rule each: ${without.join(', ')}`);
  const inNamespace = `${RBAC}/namespaces/${stage.namespace}`;
  const name = 'reduced';
  await stage.client.create(`${inNamespace}/roles`, { metadata: { name }, rules });
  await stage.client.create(`${inNamespace}/rolebindings`, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name: 'default', namespace: stage.namespace }],
  });
  await letReadPolicy(stage, 'default');
  return stage.startOperatorAs(await stage.cluster.createServiceAccountKubeconfig(stage.namespace, 'default'), ...args);
}
