import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { parse } from 'yaml';
import type { AuditEvent } from '../support/cluster/audit-log.ts';
import { repositoryPath } from '../support/documents/crd.ts';
import { isConnection, operatorRequests, succeeded } from './operator-requests.ts';

interface Role {
  rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
}

function granted(file: string): string[] {
  const role = parse(readFileSync(repositoryPath(file), 'utf8')) as Role;
  return role.rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource} (${group})`)),
    ),
  );
}

/**
 * The rights that a request needed. A WebSocket begins with a GET: from 1.35 on the API server asks the authorizer
 * whether its sender may create as well (k/k#133515), which is no request of its own.
 */
function used(event: AuditEvent): string[] {
  const { verb, objectRef } = event;
  const resource = [objectRef?.resource, objectRef?.subresource].filter(Boolean).join('/');
  const verbs = isConnection(event) && verb === 'get' ? ['get', 'create'] : [verb];
  return verbs.map((each) => `${each} ${resource} (${objectRef?.apiGroup ?? ''})`);
}

it('the operator used all the rights that it has in all suites, and needed no other', async () => {
  const manager = ['manager-role', 'manager-exec-role', 'manager-attach-role'];
  const others = ['leader-election-role', 'metrics-auth-role', 'policy-reader-role'];
  const stopping = ['role', 'image-role'].map((name) => `config/components/node-stop/${name}.yaml`);
  const looking = ['node-role', 'usage-role'].map((name) => `config/components/pressure/${name}.yaml`);
  const roles = [...[...manager, ...others].map((name) => `config/rbac/${name}.yaml`), ...stopping, ...looking];
  const requests = (await operatorRequests()).filter((event) => succeeded(event) && event.objectRef !== undefined);
  expect([...new Set(requests.flatMap(used))].sort()).toEqual([...new Set(roles.flatMap(granted))].sort());
});
