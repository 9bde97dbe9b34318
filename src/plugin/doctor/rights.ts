import { oneLine } from '../../text/one-line.ts';
import { type Check, checked } from './check.ts';
import type { Facts } from './facts.ts';
import type { Manifest, Rule } from './manifest.ts';
import { operatorAccount, ownerOf } from './running-operator.ts';
import { unreadWords } from './reading.ts';

/** One thing that somebody may do or not. */
interface Right {
  group: string;
  /** With its subresource, such as `pods/log`. */
  resource: string;
  name?: string;
  verb: string;
}

/** A right of the operator, and whether an installation may do without it (config/components). */
export interface OperatorQuestion extends Right {
  /** The role that grants it. */
  role: string;
  isOptional: boolean;
}

const USER_ROLE = 'debugsession-user';
const MANAGER_ROLES = ['debugsession-manager', 'debugsession-policy-reader'];
const OPTIONAL_ROLES = ['debugsession-manager-exec', 'debugsession-manager-attach'];

function rightsOf(shipped: readonly Manifest[], names: readonly string[]): Right[] {
  const rules = shipped.filter(({ metadata }) => names.includes(metadata.name)).flatMap((role) => role.rules ?? []);
  return rules.flatMap(({ apiGroups, resources, resourceNames, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) =>
          (resourceNames ?? [undefined]).map((name) => ({
            group,
            resource,
            verb,
            ...(name !== undefined && { name }),
          })),
        ),
      ),
    ),
  );
}

/** Which rights of the role `debugsession-user` the person has in the namespace. */
export function checkMyRights({ myRules, namespace }: Facts, shipped: readonly Manifest[]): Check {
  const check = checked('your rights');
  if (myRules.kind === 'absent') return check.unknown('the API server does not tell your rights');
  if (myRules.kind !== 'read') return check.unknown(unreadWords(myRules, 'your rights'));
  const { rules, isIncomplete } = myRules.value;
  const missing = rightsOf(shipped, [USER_ROLE]).filter((right) => !rules.some((rule) => allows(rule, right)));
  if (missing.length === 0) return check.ok(`you have the rights of ${USER_ROLE} in namespace ${namespace}`);
  const words = `in namespace ${namespace} you may not ${listed(missing)}`;
  if (isIncomplete) return check.unknown(`perhaps ${words}: the API server does not know all of your rights`);
  return check.warning(words, `ask for the role: ${roleCommand(namespace)}`);
}

function roleCommand(namespace: string): string {
  return `kubectl create rolebinding NAME --clusterrole=${USER_ROLE} --user=YOU -n ${namespace}`;
}

/** As RBAC decides (k8s.io/kubernetes pkg/apis/rbac/v1/evaluation_helpers.go). */
function allows({ apiGroups, resources, resourceNames = [], verbs }: Rule, right: Right): boolean {
  const [, subresource] = right.resource.split('/');
  const has = (list: readonly string[] | undefined, ...wanted: string[]): boolean =>
    (list ?? []).some((one) => one === '*' || wanted.includes(one));
  return (
    has(verbs, right.verb) &&
    has(apiGroups, right.group) &&
    has(resources, right.resource, ...(subresource === undefined ? [] : [`*/${subresource}`])) &&
    (resourceNames.length === 0 || (right.name !== undefined && resourceNames.includes(right.name)))
  );
}

/** What the operator must be allowed to do in a namespace. */
export function operatorQuestions(shipped: readonly Manifest[]): OperatorQuestion[] {
  const ask = (names: readonly string[], isOptional: boolean): OperatorQuestion[] =>
    names.flatMap((role) => rightsOf(shipped, [role]).map((right) => ({ ...right, role, isOptional })));
  return [...ask(MANAGER_ROLES, false), ...ask(OPTIONAL_ROLES, true)];
}

/** Resources of the cluster: a question about them names no namespace. */
const OF_CLUSTER = ['debugpolicies', 'validatingadmissionpolicies', 'validatingadmissionpolicybindings'];

/** The questions as SubjectAccessReviews, in one List. */
export function accessReviews(
  questions: readonly OperatorQuestion[],
  facts: Pick<Facts, 'deployments' | 'operatorNamespace' | 'namespace'>,
): object {
  const items = questions.map(({ group, resource, name, verb }) => {
    const [plural = '', subresource] = resource.split('/');
    // The right to read a namespace is asked for the one that the person works in.
    const named = name ?? (plural === 'namespaces' ? facts.namespace : undefined);
    const resourceAttributes = {
      group,
      resource: plural,
      verb,
      ...(subresource !== undefined && { subresource }),
      ...(named !== undefined && { name: named }),
      ...(!OF_CLUSTER.includes(plural) && { namespace: facts.namespace }),
    };
    const spec = { ...operatorAccount(facts), resourceAttributes };
    return { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec };
  });
  return { apiVersion: 'v1', kind: 'List', items };
}

/** Whether the operator has its rights in the namespace. */
export function checkOperatorRights(facts: Facts, questions: readonly OperatorQuestion[], version: string): Check {
  const check = checked("the operator's rights");
  const { operatorAnswers, namespace } = facts;
  const { user } = operatorAccount(facts);
  if (operatorAnswers.kind === 'forbidden') return check.unknown('you may not ask for the rights of others');
  if (operatorAnswers.kind !== 'read' || operatorAnswers.value.length !== questions.length)
    return check.unknown('the API server does not tell the rights of the operator');
  const missing = questions.filter((_, index) => operatorAnswers.value[index] === false);
  const [optional, needed] = [true, false].map((is) => missing.filter(({ isOptional }) => isOptional === is));
  const words = (rights: readonly Right[]): string =>
    `in namespace ${namespace} ${oneLine(user, 300)} may not ${listed(rights)}`;
  if (needed !== undefined && needed.length > 0)
    return check.broken(
      `${words(needed)}: ${roleWords(needed, ownerOf(facts, version))}`,
      'kubectl apply --server-side -k config/rbac, or let it serve this namespace',
    );
  if (optional !== undefined && optional.length > 0)
    return check.warning(
      `${words(optional)}: it has fewer ways to end a container`,
      'leave it so if you chose config/components/without-exec or without-attach',
    );
  return check.ok(`${oneLine(user, 300)} has its rights in namespace ${namespace}`);
}

/** Why rights of these roles are missing. A SubjectAccessReview does not tell which of the three it is. */
function roleWords(needed: readonly OperatorQuestion[], owner: string): string {
  const roles = [...new Set(needed.map(({ role }) => role))];
  return `the role ${roles.join(' and ')} is older than ${owner}, is missing, or is not bound here`;
}

/** The rights, by what they are about: `create, patch debugsessions, get pods/log`. */
function listed(rights: readonly Right[]): string {
  const verbsOf = new Map<string, string[]>();
  for (const { resource, name, verb } of rights) {
    const what = name === undefined ? resource : `${resource}/${name}`;
    verbsOf.set(what, [...(verbsOf.get(what) ?? []), verb]);
  }
  return [...verbsOf].map(([what, verbs]) => `${verbs.join(', ')} ${what}`).join('; ');
}
