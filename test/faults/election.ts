import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { LogLine } from '../support/cluster/operator-process.ts';
import type { Stage } from '../support/cluster/stage.ts';
import { repositoryPath } from '../support/documents/crd.ts';

/** What an operator says when it begins to lead. */
export const LEADS = ({ msg }: LogLine): boolean => msg === 'became the leader';

/** Long enough for a leader on a busy machine, which is not to lose it by itself. */
const LEASE_SECONDS = 12;

/** The flags of an operator that shares a Lease in the namespace of the stage. */
export function elect({ namespace }: Stage): string[] {
  return [
    '--leader-elect',
    `--leader-election-namespace=${namespace}`,
    `--leader-election-lease-duration=${LEASE_SECONDS}s`,
    '--leader-election-renew-deadline=10s',
    '--leader-election-retry-period=1s',
  ];
}

/** The Role of the installation, in the namespace of the stage. */
export async function letElect({ namespace, client }: Stage): Promise<void> {
  const role = parse(readFileSync(repositoryPath('config/rbac/leader-election-role.yaml'), 'utf8')) as {
    metadata: { name: string };
  };
  const { name } = role.metadata;
  const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  await client.create(`${path}/roles`, { ...role, metadata: { name } });
  const accounts = { kind: 'Group', name: 'system:serviceaccounts:debugsession-system' };
  await client.create(`${path}/rolebindings`, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', ...accounts }],
  });
}
