import { checkAdmission, checkDefaultPolicy } from './admission.ts';
import type { Check } from './check.ts';
import type { Facts, Schema } from './facts.ts';
import { checkInstallation } from './installation.ts';
import { checkKubernetes } from './kubernetes.ts';
import type { Manifest } from './manifest.ts';
import { checkLeader, checkOperator } from './running-operator.ts';
import { checkMyRights, checkOperatorRights, operatorQuestions } from './rights.ts';
import { checkPodSecurity, checkWebhooks } from './surroundings.ts';

/** What this release has, to which a cluster is compared. */
export interface Release {
  version: string;
  manifests: readonly Manifest[];
  /** By kind. */
  schemas: Readonly<Record<string, Schema>>;
}

/** Judges what was read. A cluster without DebugSession gets no checks of its parts. */
export function examine(facts: Facts, { version, manifests, schemas }: Release): Check[] {
  const installation = checkInstallation(facts, schemas, version);
  const first = [...checkKubernetes(facts), installation];
  if (facts.schemas.kind === 'absent') return first;
  return [
    ...first,
    checkOperator(facts, version),
    checkLeader(facts),
    checkOperatorRights(facts, operatorQuestions(manifests), version),
    ...checkAdmission(facts, manifests, version),
    checkDefaultPolicy(facts),
    checkMyRights(facts, manifests),
    checkPodSecurity(facts),
    checkWebhooks(facts),
  ];
}
