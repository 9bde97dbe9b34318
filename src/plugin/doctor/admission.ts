import { DEFAULT_POLICY } from '../../api/debugpolicy.ts';
import { type Check, checked } from './check.ts';
import { differences } from './difference.ts';
import type { Facts } from './facts.ts';
import type { Manifest } from './manifest.ts';
import { unreadWords } from './reading.ts';
import { DEFAULT_OPERATOR_NAMESPACE, ownerOf } from './running-operator.ts';

/** What each admission policy does, and so what is lost without it. */
const PURPOSES: Readonly<Record<string, string>> = {
  'debugsession-requester': 'it says who the requester is; without it the operator starts nothing',
  'debugsession-verdict':
    'it refuses what a DebugPolicy does not allow at the request; without it the operator refuses the same, later',
  'debugsession-guard': 'it keeps other people out of the containers of a session',
  'debugsession-confine': 'it confines people in labelled namespaces to debug containers',
  'debugsession-confine-exec': 'it confines the operator to its own containers',
  'debugsession-fill-in-requester': 'it fills in spec.requestedBy',
  'debugsession-fill-in-finalizer': 'it saves the operator a write before each session starts',
};

/** Of which an installation may do without, such as config/components/before-1-36. */
const OPTIONAL = [
  'debugsession-verdict',
  'debugsession-confine',
  'debugsession-fill-in-requester',
  'debugsession-fill-in-finalizer',
];

/** Whether the admission policies of this release are in the cluster, and are what this release ships. */
export function checkAdmission(facts: Facts, shipped: readonly Manifest[], version: string): Check[] {
  const { policies, admissionResources, operatorNamespace } = facts;
  const owner = ownerOf(facts, version);
  const canMutate =
    admissionResources.kind === 'read' ? admissionResources.value.includes('mutatingadmissionpolicies') : true;
  const ours = shipped.filter(({ kind }) => kind.endsWith('AdmissionPolicy'));
  return ours
    .filter(({ kind }) => canMutate || kind !== 'MutatingAdmissionPolicy')
    .map((policy) => {
      const { name } = policy.metadata;
      const check = checked(`policy ${name}`);
      if (policies.kind === 'absent') return check.broken('the cluster serves no admission policies', WAY_OUT);
      if (policies.kind !== 'read') return check.unknown(unreadWords(policies, 'admission policies'));
      const faults = shipped
        .filter(({ kind, metadata }) => metadata.name === name && kind.includes('AdmissionPolicy'))
        .flatMap((one) => faultsOf(placed(one, operatorNamespace), policies.value, owner));
      if (faults.length === 0) return check.ok('it is in force, and as this release ships it');
      const words = `${faults.join('; ')}; ${PURPOSES[name] ?? 'it belongs to the installation'}`;
      return OPTIONAL.includes(name) ? check.warning(words, WAY_OUT) : check.broken(words, WAY_OUT);
    });
}

/**
 * Admission can judge by an object only. Without one the built-in policy holds, later. Nothing is lost, so nothing has
 * to be done (docs/adr/0043).
 */
export function checkDefaultPolicy({ defaultPolicy }: Facts): Check {
  const check = checked(`DebugPolicy ${DEFAULT_POLICY}`);
  switch (defaultPolicy.kind) {
    case 'read':
      return check.ok('admission refuses what it does not allow, at the request');
    case 'absent':
      return check.ok(
        'it is built in, so the operator judges by it, after the request (kubectl create -k config/policy: at the request)',
      );
    default:
      return check.unknown(unreadWords(defaultPolicy, `DebugPolicy ${DEFAULT_POLICY}`));
  }
}

/** As the chart writes it: the namespace of its release is that of the operator. */
function placed(manifest: Manifest, operatorNamespace: string): Manifest {
  const text = JSON.stringify(manifest)
    .replaceAll(`'${DEFAULT_OPERATOR_NAMESPACE}'`, `'${operatorNamespace}'`)
    .replaceAll(`"${DEFAULT_OPERATOR_NAMESPACE}"`, JSON.stringify(operatorNamespace));
  return JSON.parse(text) as Manifest;
}

/** Apply would leave what somebody added. */
const WAY_OUT = 'kubectl replace --force -k config/admission and -k config/rbac, of the version of the operator';
const MAX_NAMED = 3;

function faultsOf(shipped: Manifest, found: readonly Manifest[], owner: string): string[] {
  const { kind, metadata, spec } = shipped;
  const what = kind.endsWith('Binding') ? 'its binding' : 'the policy';
  const one = found.find((other) => other.kind === kind && other.metadata.name === metadata.name);
  if (one === undefined) return [`${what} is missing`];
  const paths = differences(spec, one.spec, 'spec');
  if (paths.length === 0) return [];
  const more = paths.length > MAX_NAMED ? ` and ${paths.length - MAX_NAMED} more` : '';
  const where = `${paths.slice(0, MAX_NAMED).join(', ')}${more}`;
  return [`${what} differs from this release in ${where}: it is older than ${owner}, or somebody changed it`];
}
