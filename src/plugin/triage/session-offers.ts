import { DEFAULT_POLICY, type DebugPolicySpec } from '../../api/debugpolicy.ts';
import { API_VERSION, type DebugSessionSpec, KIND } from '../../api/debugsession.ts';
import { PROFILES, type Profile } from '../../api/profiles.ts';
import { chooseImage, DEFAULT_IMAGE } from '../choose.ts';
import { UsageFault } from '../fault.ts';
import { type Facts as PolicyFacts, judge } from '../judge.ts';
import type { KnownPolicy } from '../policy-lookup.ts';
import type { PodFacts } from './facts.ts';
import type { Finding } from './finding.ts';
import type { Place } from './session-place.ts';
import { shellWord } from './shell-word.ts';

/** A session that may be suggested. */
export interface Offer {
  /** To copy. */
  command: string;
  /** The same session, for the API server to judge. */
  manifest: {
    apiVersion: string;
    kind: string;
    metadata: { name: string; namespace: string };
    spec: Partial<DebugSessionSpec>;
  };
  joins: boolean;
  /** What the person should know of it. */
  notes: string[];
}

export type Offers =
  | { kind: 'offers'; offers: Offer[] }
  /** No policy that the person may read allows one. */
  | { kind: 'refused'; reasons: string[] };

export interface Wish {
  place: Exclude<Place, { kind: 'none' }>;
  found: readonly Finding[];
  policies: PolicyFacts;
  /** The verbs of `kubectl dbg`: a pod may have the name of one. */
  verbs: readonly string[];
}

/** User and group `nobody` of most images. */
const OTHER_USER = 65534;
const PROFILES_TO_TRY: readonly Profile[] = ['general', 'baseline', 'restricted'];
const LEVELS = ['privileged', 'baseline', 'restricted'] as const;

/**
 * The sessions that policies allow here, the best first: joining before not joining, `default` before others. Where no
 * policy may be read there is one, which is as good as can be known.
 */
export function offersOf(facts: PodFacts, wish: Wish): Offers {
  const { policies, place } = wish;
  const known: KnownPolicy[] = policies.policies.map(({ metadata: { name }, spec }) => ({ kind: 'known', name, spec }));
  if (policies.unread !== undefined) {
    const unknown: KnownPolicy = { kind: 'unknown', name: DEFAULT_POLICY, why: policies.unread };
    return { kind: 'offers', offers: [offer(facts, wish, { policy: unknown, containerName: containerOf(place) })] };
  }
  const inOrder = known.sort(
    (one, other) => Number(other.name === DEFAULT_POLICY) - Number(one.name === DEFAULT_POLICY),
  );
  const containers = place.kind === 'join' ? [place.containerName, undefined] : [undefined];
  const tried = containers.flatMap((containerName) =>
    inOrder.map((policy) => judged(facts, wish, { policy, containerName })),
  );
  const offers = tried.flatMap((one) => ('offer' in one ? [one.offer] : []));
  if (offers.length > 0) return { kind: 'offers', offers };
  const reasons = tried.flatMap((one) => ('reasons' in one ? one.reasons : []));
  return { kind: 'refused', reasons: [...new Set(reasons)] };
}

function containerOf(place: Wish['place']): string | undefined {
  return place.kind === 'join' ? place.containerName : undefined;
}

interface Attempt {
  policy: KnownPolicy;
  containerName: string | undefined;
}

function judged(facts: PodFacts, wish: Wish, attempt: Attempt): { offer: Offer } | { reasons: string[] } {
  const prefix = (reasons: readonly string[]): { reasons: string[] } => ({
    reasons: reasons.map((reason) => `DebugPolicy ${attempt.policy.name}: ${reason}`),
  });
  try {
    const made = offer(facts, wish, attempt);
    const verdict = judge(made.manifest, attempt.policy.name, wish.policies);
    return verdict.kind === 'refused' ? prefix(verdict.reasons) : { offer: made };
  } catch (error) {
    // No image of its patterns can be guessed.
    if (error instanceof UsageFault) return prefix(error.lines);
    throw error;
  }
}

function offer(facts: PodFacts, { found, policies, verbs }: Wish, { policy, containerName }: Attempt): Offer {
  const { name, uid } = facts.pod.metadata;
  const { namespace } = facts;
  const rules = policy.kind === 'known' ? policy.spec : undefined;
  const image = imageOf(policy);
  const profile = profileOf(rules, levelOf(policies));
  const user = userOf(facts, profile, rules);
  const spec = {
    target: { podName: name, ...(containerName !== undefined && { containerName }) },
    image: image.name,
    ...(policy.name !== DEFAULT_POLICY && { policyName: policy.name }),
    ...(profile !== 'general' && { profile }),
    ...(user !== undefined && { securityContext: { runAsUser: user } }),
    ...(rules?.requireJustification === true && { justification: `triage: ${found[0]?.kind ?? 'a first look'}` }),
  };
  const words = [
    verbs.includes(name) ? `pod/${name}` : name,
    ...(containerName === undefined ? ['--no-target'] : ['-c', containerName]),
    ...flag('--policy', spec.policyName),
    ...flag('--image', image.isNamed ? image.name : undefined),
    ...flag('--profile', spec.profile),
    ...flag('--as-user', spec.securityContext?.runAsUser),
    ...flag('--reason', spec.justification),
    ...flag('-n', namespace),
  ];
  return {
    command: ['kubectl', 'dbg', ...words].map(shellWord).join(' '),
    joins: containerName !== undefined,
    notes: rootNote(facts, { profile, image: image.name, user }),
    manifest: {
      apiVersion: API_VERSION,
      kind: KIND,
      metadata: { name: `triage-${uid}`.slice(0, 63), namespace },
      spec,
    },
  };
}

function flag(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [name, String(value)];
}

/** As `start` chooses it; of a policy whose images are names and not patterns, the first. @throws UsageFault */
function imageOf(policy: KnownPolicy): { name: string; isNamed: boolean } {
  const exact = policy.kind === 'known' ? policy.spec.images?.find((pattern) => !/[*?]/.test(pattern)) : undefined;
  try {
    return { name: chooseImage(undefined, policy), isNamed: false };
  } catch (error) {
    if (exact === undefined) throw error;
    return { name: exact, isNamed: true };
  }
}

/** The Pod Security level of the namespace, where it may be read. */
function levelOf({ objects }: PolicyFacts): string | undefined {
  const places = objects as { kind?: string; metadata?: { labels?: Record<string, string> } }[];
  const place = places.find(({ kind }) => kind === 'Namespace');
  return place?.metadata?.labels?.['pod-security.kubernetes.io/enforce'];
}

/** The most open profile that the policy allows and the level of the namespace lets in. */
function profileOf(spec: DebugPolicySpec | undefined, level: string | undefined): Profile {
  const least = LEVELS.findIndex((one) => one === level);
  const letIn = PROFILES_TO_TRY.filter((profile) => LEVELS.indexOf(PROFILES[profile].level) >= least);
  const allowed = letIn.find((profile) => spec?.profiles === undefined || spec.profiles.includes(profile));
  return allowed ?? letIn[0] ?? 'restricted';
}

function mustNotBeRoot({ pod }: PodFacts, profile: Profile): boolean {
  const { runAsUser, runAsNonRoot } = pod.spec.securityContext ?? {};
  return (profile === 'restricted' || runAsNonRoot === true) && (runAsUser ?? 0) === 0;
}

function userOf(facts: PodFacts, profile: Profile, spec: DebugPolicySpec | undefined): number | undefined {
  if (!mustNotBeRoot(facts, profile)) return undefined;
  return spec?.allow?.includes('SecurityContext') === true ? OTHER_USER : undefined;
}

function rootNote(
  facts: PodFacts,
  { profile, image, user }: { profile: Profile; image: string; user: number | undefined },
): string[] {
  if (!mustNotBeRoot(facts, profile) || user !== undefined || image !== DEFAULT_IMAGE) return [];
  return [`Nothing may run as root here, and ${image} does: name an image with another user by --image.`];
}
