import { type Profile, PROFILE_NAMES, PROFILES } from '../../api/profiles.ts';
import { selects } from '../../policy/selector.ts';
import { oneLine } from '../../text/one-line.ts';
import { type Check, checked } from './check.ts';
import type { Facts, Webhook } from './facts.ts';
import { unreadWords } from './reading.ts';

const LEVEL = 'pod-security.kubernetes.io/enforce';

/** What the Pod Security level of the namespace lets a debug container have. */
export function checkPodSecurity({ namespaceLabels, namespace }: Facts): Check {
  const check = checked('Pod Security');
  if (namespaceLabels.kind === 'absent')
    return check.broken(`there is no namespace ${namespace}`, 'name another with --namespace');
  if (namespaceLabels.kind !== 'read') return check.unknown(unreadWords(namespaceLabels, `namespace ${namespace}`));
  const level = namespaceLabels.value[LEVEL];
  switch (level) {
    case undefined:
      return check.ok(`namespace ${namespace} has no label ${LEVEL}, so the default of the cluster counts`);
    case 'privileged':
    case 'baseline':
    case 'restricted':
      return levelCheck(namespace, level);
    default:
      return check.warning(
        `namespace ${namespace} enforces ${oneLine(level, 63)}, which Kubernetes does not know and treats as restricted`,
        'use --profile restricted, or correct the label',
      );
  }
}

type Level = (typeof PROFILES)[Profile]['level'];

/** Levels by what they allow: each allows what stands before it. */
const LEVELS: readonly Level[] = ['restricted', 'baseline', 'privileged'];

function levelCheck(namespace: string, level: Level): Check {
  const check = checked('Pod Security');
  const isAllowed = (profile: Profile): boolean => LEVELS.indexOf(PROFILES[profile].level) <= LEVELS.indexOf(level);
  const allowed = PROFILE_NAMES.filter(isAllowed);
  const words = `namespace ${namespace} enforces ${level}: it allows profile ${allowed.join(', ')}`;
  if (isAllowed('general')) return check.ok(words);
  return check.warning(
    words,
    `use --profile ${allowed[0]}, and a policy that allows it (docs/guides/restricted-namespace.md)`,
  );
}

/** Which admission webhooks see the injection of a debug container. */
export function checkWebhooks({ webhooks, namespaceLabels }: Facts): Check {
  const check = checked('other webhooks');
  if (webhooks.kind === 'absent') return check.ok('the cluster has no admission webhooks');
  if (webhooks.kind !== 'read') return check.unknown(unreadWords(webhooks, 'admission webhooks'));
  const labels = namespaceLabels.kind === 'read' ? namespaceLabels.value : undefined;
  const seeing = webhooks.value.flatMap(({ kind, metadata, webhooks: list = [] }) =>
    list.filter((webhook) => seesInjection(webhook, labels)).map((webhook) => ({ kind, metadata, webhook })),
  );
  const names = (some: typeof seeing): string =>
    some
      .map(({ kind, metadata, webhook }) => {
        const does = kind.startsWith('Mutating') ? 'can change' : 'can refuse';
        return `${oneLine(webhook.name, 100)} of ${oneLine(metadata.name, 100)} (${does} it)`;
      })
      .join(', ');
  if (seeing.length === 0) return check.ok('no admission webhook sees debug containers');
  // Fail is the default of v1.
  const failing = seeing.filter(({ webhook }) => webhook.failurePolicy !== 'Ignore');
  if (failing.length === 0)
    return check.ok(`these see debug containers, and are ignored when they fail: ${names(seeing)}`);
  return check.warning(
    `no session starts while one of these does not answer (failurePolicy Fail): ${names(failing)}`,
    'keep them available; if they refuse debug containers, exempt pods/ephemeralcontainers in their rules',
  );
}

/** @param labels of the namespace; undefined where they are not known, so that every webhook may see it */
function seesInjection({ rules = [], namespaceSelector }: Webhook, labels?: Readonly<Record<string, string>>): boolean {
  if (labels !== undefined && namespaceSelector !== undefined && !selects(namespaceSelector, labels)) return false;
  const has = (list: readonly string[] | undefined, ...wanted: string[]): boolean =>
    (list ?? []).some((one) => wanted.includes(one));
  return rules.some(
    ({ apiGroups, apiVersions, operations, resources }) =>
      has(apiGroups, '', '*') &&
      has(apiVersions, 'v1', '*') &&
      has(operations, 'UPDATE', '*') &&
      has(resources, 'pods/ephemeralcontainers', 'pods/*', '*/*', '*/ephemeralcontainers'),
  );
}
