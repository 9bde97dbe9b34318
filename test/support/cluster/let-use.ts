import { GROUP } from '../../../src/api/debugsession.ts';
import { POLICY_PLURAL } from '../../../src/api/debugpolicy.ts';
import type { Person } from './person.ts';
import type { Stage } from './stage.ts';

/** Lets a person use a DebugPolicy in the namespace of the stage, by a RoleBinding, and waits until they may. */
export async function letUse(stage: Stage, person: Person, policy: string): Promise<void> {
  const rules = [{ apiGroups: [GROUP], resources: [POLICY_PLURAL], resourceNames: [policy], verbs: ['use'] }];
  const path = `/apis/rbac.authorization.k8s.io/v1/namespaces/${stage.namespace}/roles`;
  await stage.client.create(path, { metadata: { name: policy }, rules });
  await person.bind('role', policy);
  await stage.until(`${person.name} may use ${policy}`, async () => {
    const asked = await person.kubectl(['auth', 'can-i', 'use', `${POLICY_PLURAL}.${GROUP}/${policy}`]);
    return asked.stdout.trim() === 'yes';
  });
}
