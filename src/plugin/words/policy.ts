import type { Allowance, DebugPolicySpec, PolicyLimits } from '../../api/debugpolicy.ts';
import { ttlOf } from '../../policy/evaluate.ts';
import { oneLine } from '../../text/one-line.ts';

const OPENS: Record<Allowance, string> = {
  TargetContainer: 'joining a container',
  Env: 'variables',
  SecretEnv: 'variables out of secrets and config maps',
  SecurityContext: 'any security settings',
  VolumeMounts: 'volumes of the pod',
  SupervisorNone: 'images without a shell (supervisor None)',
  EvictPod: 'eviction of the pod',
  PrivilegedPods: 'privileged pods',
  HostPods: 'pods with the network, processes or disk of the node',
  SystemNamespaces: 'system namespaces',
  Attachers: 'letting others in',
};

const MAX = 1_000;

/** What a policy allows, in words: one printable line for each thing. */
export function policyWords(spec: DebugPolicySpec): string[] {
  const ttl = ttlOf(spec);
  const { images = [], profiles = [], allow = [] } = spec;
  return [
    ['images', images.join(', ') || 'none'],
    ['profiles', profiles.join(', ') || 'none'],
    ['time', `${ttl.default} where none is named, ${ttl.max} at most`],
    ['opens', allow.map((one) => OPENS[one] ?? one).join(', ') || 'nothing besides'],
    ['default', defaults(spec)],
    ['asks for', demands(spec)],
    ['requires', (spec.require ?? []).join(', ')],
    ['refuses', spec.onPressure === 'Refuse' ? 'pods with little room, and nodes under pressure' : ''],
    ['evicts', evictions(spec)],
    ['only', places(spec)],
    ['limits', limits(spec)],
    ['revokes', spec.revokeRunning === true ? 'what it does not allow any more, while it runs' : ''],
  ].flatMap(([label = '', text = '']) => (text === '' ? [] : [`  ${label.padEnd(10)}${oneLine(text, MAX)}`]));
}

function defaults({ defaults: { image, target } = {} }: DebugPolicySpec): string {
  return [
    image ?? '',
    target === undefined ? '' : target === 'None' ? 'no container is joined' : 'the default container is joined',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function demands({ requireJustification, requireNotAfter }: DebugPolicySpec): string {
  return [requireJustification === true ? 'a reason' : '', requireNotAfter === true ? 'notAfter' : '']
    .filter((part) => part !== '')
    .join(', ');
}

function evictions({ onUnstoppable, podAfterSession }: DebugPolicySpec): string {
  return [
    onUnstoppable === 'EvictPod' ? 'the pod of a container that nothing else ends' : '',
    podAfterSession === 'Evict' ? 'the pod after every session in it' : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

function places({ namespaceSelector, podSelector }: DebugPolicySpec): string {
  return [
    namespaceSelector === undefined ? '' : `namespaces with ${JSON.stringify(namespaceSelector)}`,
    podSelector === undefined ? '' : `pods with ${JSON.stringify(podSelector)}`,
  ]
    .filter((part) => part !== '')
    .join('; ');
}

const LIMITS: Record<keyof PolicyLimits, string> = {
  perPod: 'live in a pod',
  perUser: 'live of one user',
  perNamespace: 'live in a namespace',
  perUserPerPod: 'live of one user in a pod',
  perTarget: 'live that share a process namespace',
  waitingPerUser: 'of one user that wait',
  containersPerPod: 'debug containers in a pod, ended ones too',
};

function limits({ limits: given = {} }: DebugPolicySpec): string {
  const known = Object.entries(LIMITS) as [keyof PolicyLimits, string][];
  return known.flatMap(([field, words]) => (given[field] === undefined ? [] : `${given[field]} ${words}`)).join(', ');
}
