import { fromTimestamp } from '../../api/time.ts';
import { oneLine } from '../../text/one-line.ts';
import { lengthOfTime } from '../words/length-of-time.ts';
import { type Check, checked } from './check.ts';
import type { Deployment, Facts } from './facts.ts';
import { unreadWords } from './reading.ts';

/** Name of the Lease where no argument of the operator says otherwise (src/config/flags.ts). */
export const DEFAULT_LEASE = 'debugsession.dev';
/** Where config/default installs the operator. */
export const DEFAULT_OPERATOR_NAMESPACE = 'debugsession-system';
const DEFAULT_ACCOUNT = 'debugsession-controller-manager';
const WORKLOADS = 'Deployments';

/** Whether the operator runs, and in which version. */
export function checkOperator({ deployments, operatorNamespace }: Facts, ownVersion: string): Check {
  const check = checked('operator');
  if (deployments.kind === 'forbidden' || deployments.kind === 'failed')
    return check.unknown(unreadWords(deployments, `${WORKLOADS} in namespace ${operatorNamespace}`));
  const [deployment, ...others] = deployments.kind === 'read' ? deployments.value : [];
  if (deployment === undefined)
    return check.warning(
      'there is no Deployment with the labels of the operator',
      'install the operator (docs/install.md), unless it runs outside the cluster',
    );
  if (others.length > 0) {
    const places = [deployment, ...others].map(({ metadata }) => oneLine(metadata.namespace, 63));
    return check.warning(
      `there are ${places.length} Deployments of the operator, in namespaces ${places.join(', ')}`,
      'leave one that serves all namespaces, or several that share none (docs/install.md)',
    );
  }
  return checkDeployment(deployment, ownVersion);
}

function checkDeployment(deployment: Deployment, ownVersion: string): Check {
  const check = checked('operator');
  const { metadata, spec, status } = deployment;
  const ready = status?.readyReplicas ?? 0;
  const wanted = spec.replicas ?? 1;
  const image = oneLine(spec.template.spec.containers[0]?.image ?? 'no image', 200);
  const place = `${oneLine(metadata.namespace, 63)}/${oneLine(metadata.name, 63)}`;
  const words = `${place} has ${ready} of ${wanted} replicas ready, image ${image}`;
  const look = `kubectl describe deployment ${oneLine(metadata.name, 63)} -n ${oneLine(metadata.namespace, 63)}`;
  if (ready === 0) return check.broken(words, look);
  if (ready < wanted) return check.warning(words, look);
  const version = versionOf(deployment);
  if (version !== undefined && version !== ownVersion)
    return check.warning(
      `${words}: version ${version}, but this plugin is ${ownVersion}`,
      'install the plugin and the operator of the same version',
    );
  return check.ok(version === undefined ? `${words} (its version is not known)` : words);
}

/**
 * To what a part of an installation has to fit: the operator of this version, or this plugin where the operator has
 * another version or none that is known.
 */
export function ownerOf({ deployments }: Pick<Facts, 'deployments'>, version: string): 'the operator' | 'this plugin' {
  const [deployment] = deployments.kind === 'read' ? deployments.value : [];
  return deployment !== undefined && versionOf(deployment) === version ? 'the operator' : 'this plugin';
}

/** By the label that charts set, else by the tag of the image; undefined where neither is a version. */
function versionOf({ metadata, spec }: Deployment): string | undefined {
  const [, tag] = /:([^:/@]+)(?:@.*)?$/.exec(spec.template.spec.containers[0]?.image ?? '') ?? [];
  const given = metadata.labels?.['app.kubernetes.io/version'] ?? tag ?? '';
  return /^v?(\d+\.\d+\.\d+(?:[-+][\w.+-]+)?)$/.exec(given)?.[1];
}

/** The name of the operator for RBAC. */
export function operatorAccount({ deployments, operatorNamespace }: Pick<Facts, 'deployments' | 'operatorNamespace'>): {
  user: string;
  groups: string[];
} {
  const [deployment] = deployments.kind === 'read' ? deployments.value : [];
  const name = deployment?.spec.template.spec.serviceAccountName ?? DEFAULT_ACCOUNT;
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${operatorNamespace}`, 'system:authenticated'];
  return { user: `system:serviceaccount:${operatorNamespace}:${name}`, groups };
}

/** The value of an argument of the operator, the last that is given; undefined where none is. */
export function argumentOf(deployment: Deployment | undefined, name: string): string | undefined {
  const args = deployment?.spec.template.spec.containers[0]?.args ?? [];
  const found = args.flatMap((arg) => {
    if (arg === `--${name}`) return ['true'];
    return arg.startsWith(`--${name}=`) ? [arg.slice(name.length + 3)] : [];
  });
  return found.at(-1);
}

/** Clocks of nodes differ that much without harm, and renewals take their time. */
const GRACE_MS = 5_000;

/** Whether an operator leads: only that one acts. */
export function checkLeader({ deployments, lease, operatorNamespace, serverNow, now }: Facts): Check {
  const check = checked('leader');
  const [deployment] = deployments.kind === 'read' ? deployments.value : [];
  if (argumentOf(deployment, 'leader-elect') === 'false')
    return check.ok('the operator runs without leader election, as its arguments say');
  const name = argumentOf(deployment, 'leader-election-id') ?? DEFAULT_LEASE;
  const what = `Lease ${oneLine(name, 253)} in namespace ${operatorNamespace}`;
  const wayOut = `start the operator, and look at its log: kubectl logs -n ${operatorNamespace} -l app.kubernetes.io/component=manager`;
  if (lease.kind === 'absent') return check.broken(`no operator leads: there is no ${what}`, wayOut);
  if (lease.kind !== 'read') return check.unknown(unreadWords(lease, what));
  const { holderIdentity = '', leaseDurationSeconds = 0, renewTime } = lease.value.spec ?? {};
  const renewedAt = fromTimestamp(renewTime);
  if (holderIdentity === '' || renewedAt === undefined)
    return check.broken(`no operator leads: nobody holds ${what}`, wayOut);
  const holder = oneLine(holderIdentity, 253);
  const silentMs = (serverNow ?? now) - renewedAt;
  if (silentMs > leaseDurationSeconds * 1000 + GRACE_MS)
    return check.broken(`no operator leads: ${holder} has been silent for ${lengthOfTime(silentMs)}`, wayOut);
  if (silentMs < -GRACE_MS)
    return check.warning(
      `${holder} leads, but its clock is ${lengthOfTime(-silentMs)} ahead of the API server`,
      'set the clock of its node: deadlines are wrong by that much',
    );
  return check.ok(`${holder} leads`);
}
