import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';
import { parse } from 'yaml';
import type { AuditEvent } from '../support/audit-log.ts';
import { repositoryPath } from '../support/crd.ts';
import { operatorRequests, succeeded } from './operator-requests.ts';

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

function used({ verb, objectRef }: AuditEvent): string {
  const resource = [objectRef?.resource, objectRef?.subresource].filter(Boolean).join('/');
  return `${verb} ${resource} (${objectRef?.apiGroup ?? ''})`;
}

it('was granted what it used in all the suites, and used all that it was granted', async () => {
  const roles = ['manager-role', 'leader-election-role', 'metrics-auth-role'].map((name) => `config/rbac/${name}.yaml`);
  const requests = (await operatorRequests()).filter((event) => succeeded(event) && event.objectRef !== undefined);
  expect([...new Set(requests.map(used))].sort()).toEqual([...new Set(roles.flatMap(granted))].sort());
});
