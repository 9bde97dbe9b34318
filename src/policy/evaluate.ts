import type { Allowance, DebugPolicySpec, Requirement } from '../api/debugpolicy.ts';
import type { DebugSessionSpec } from '../api/debugsession.ts';
import type { Profile } from '../api/profiles.ts';
import type { EnvFromSource, EnvVar } from '../api/ephemeral-container.ts';
import { durationOr } from '../api/duration.ts';
import { cutToPoints } from '../text/cut-to-points.ts';
import { oneLine } from '../text/one-line.ts';
import { demandsOf } from './demands.ts';
import { imageMatches } from './image-pattern.ts';
import { type ImageReference, imageText, parseImage } from './image-reference.ts';
import type { JudgedPod } from './pod-fields.ts';
import { openingFields, unmet } from './requirements.ts';
import { unmetTerm } from './selector.ts';

/** What a policy is asked about. */
export interface Asked {
  spec: DebugSessionSpec;
  /** The session's. Without labels nothing is known of them. */
  namespace: { name: string; isSystem: boolean; labels?: Record<string, string> };
  /** Absent: not chosen yet, so what depends on it is not judged. */
  pod?: JudgedPod;
}

/** What counts where the policy says nothing. */
const TTL_DEFAULT = '30m';
const TTL_MAX = '4h';
/** Characters of a text in a reason that somebody wrote. Two such stand in one at most. */
const MAX_QUOTE = 150;
/** The longest name of a container. */
const MAX_NAME = 63;

/**
 * Why the policy refuses what is asked for: one sentence each, all of them; none: it is allowed. Each names the field,
 * what was asked for and what is allowed, in one printable line. Limits, and the right to use the policy, are not
 * judged here.
 */
export function evaluate(policy: DebugPolicySpec, asked: Asked): string[] {
  return [
    ...where(policy, asked),
    ...image(policy, asked.spec),
    ...profile(policy, asked.spec),
    ...ttl(policy, asked.spec),
    ...demanded(policy, asked.spec),
    ...unmet(policy.require ?? [], asked.spec, asked.pod),
    ...opened(policy, asked),
    ...writes(asked),
  ];
}

/** What was recorded of a run at its intent, as far as a policy is about it. */
export interface Begun {
  image: string;
  profile: Profile;
  ttl: string;
  /** See wishesOf. */
  allowances: readonly Allowance[];
  /** See metBy. */
  meets: readonly Requirement[];
}

/**
 * Whether the policy (still) allows a run that lives. That an eviction is not allowed is no reason to end it: it is not
 * done then. Nor is what a session has to say before it starts.
 */
export function stillAllows(policy: DebugPolicySpec, run: Begun, asked: Asked): boolean {
  const { allow = [], require = [] } = policy;
  const { target, attempt } = asked.spec;
  const spec = { target, attempt, image: run.image, profile: run.profile, ttl: run.ttl };
  const plain = { ...policy, requireJustification: false, requireNotAfter: false, require: [] };
  const isOpen = run.allowances.every((allowance) => allowance === 'EvictPod' || allow.includes(allowance));
  const isConfined = require.every((requirement) => run.meets.includes(requirement));
  return isOpen && isConfined && evaluate(plain, { ...asked, spec }).length === 0;
}

/**
 * What of `allow` a spec needs by what it asks for in this pod. What the pod needs by itself can be read off the pod
 * while it lives.
 */
export function wishesOf(spec: DebugSessionSpec, pod: JudgedPod): Allowance[] {
  return [...new Set([...wishes(spec), ...nodePaths(spec, pod)].map(([allowance]) => allowance))];
}

/** The ttl of a session that says none, and the longest that a session may ask for. */
export function ttlOf(policy: DebugPolicySpec): { default: string; max: string } {
  const max = policy.ttl?.max ?? TTL_MAX;
  const shorter = durationOr(max, 0) < durationOr(TTL_DEFAULT, 0) ? max : TTL_DEFAULT;
  return { default: policy.ttl?.default ?? shorter, max };
}

function* where(policy: DebugPolicySpec, { namespace, pod }: Asked): Iterable<string> {
  const { namespaceSelector, podSelector } = policy;
  const name = quoted(namespace.name);
  if (namespaceSelector !== undefined && namespace.labels === undefined) {
    yield `the labels of namespace ${name} are not known, and namespaceSelector needs them`;
  }
  if (namespaceSelector !== undefined && namespace.labels !== undefined) {
    const term = unmetTerm(namespaceSelector, namespace.labels);
    if (term !== undefined) yield `namespace ${name} does not match namespaceSelector (${quoted(term)})`;
  }
  if (podSelector !== undefined && pod !== undefined) {
    const term = unmetTerm(podSelector, pod.metadata.labels ?? {});
    if (term !== undefined) yield `pod ${quoted(pod.metadata.name)} does not match podSelector (${quoted(term)})`;
  }
}

function* image({ images = [] }: DebugPolicySpec, spec: DebugSessionSpec): Iterable<string> {
  const parsed = parseImage(spec.image);
  if (parsed.kind === 'notUnderstood') {
    yield `image ${quoted(spec.image)} is not understood: ${parsed.why}`;
  } else if (!images.some((pattern) => imageMatches(pattern, parsed.image))) {
    yield `image ${quoted(imageText(parsed.image))} is not allowed (allowed: ${listed(images)})${portHint(images, parsed.image)}`;
  }
}

/** A pattern with a port missing is the usual reason at a registry of one's own. */
function portHint(images: readonly string[], asked: ImageReference): string {
  const [host = '', port] = asked.registry.split(':');
  // No pattern describes the addresses of IPv6, with or without a port.
  if (
    port === undefined ||
    host.startsWith('[') ||
    !images.some((pattern) => imageMatches(pattern, { ...asked, registry: host }))
  )
    return '';
  return `; a pattern has to name the port of a registry, as in ${quoted(`${asked.registry}/**:*`)}`;
}

function* profile({ profiles = [] }: DebugPolicySpec, spec: DebugSessionSpec): Iterable<string> {
  const asked = spec.profile ?? 'general';
  if (!profiles.includes(asked)) yield `profile ${quoted(asked)} is not allowed (allowed: ${listed(profiles)})`;
}

function* ttl(policy: DebugPolicySpec, spec: DebugSessionSpec): Iterable<string> {
  const allowed = ttlOf(policy);
  const asked = spec.ttl ?? allowed.default;
  // What is no duration is too long as a wish and too short as a bound.
  if (durationOr(asked, Infinity) > durationOr(allowed.max, 0)) {
    yield `ttl ${quoted(asked)} is longer than ttl.max (${quoted(allowed.max)})`;
  }
}

/** What must be said. */
function* demanded(policy: DebugPolicySpec, spec: DebugSessionSpec): Iterable<string> {
  if (policy.requireJustification === true && oneLine(spec.justification ?? '') === '') {
    yield 'justification is empty, and requireJustification demands one';
  }
  if (policy.requireNotAfter === true && spec.notAfter === undefined) {
    yield 'notAfter is not set, and requireNotAfter demands it';
  }
}

/** What must stand in `allow`. */
function* opened(policy: DebugPolicySpec, asked: Asked): Iterable<string> {
  const { allow = [] } = policy;
  const spec = withoutDemanded(policy, asked.spec);
  for (const [allowance, what] of [...wishes(spec), ...surroundings(asked)]) {
    if (!allow.includes(allowance)) yield `${what} needs ${allowance} in allow (allow: ${listed(allow)})`;
  }
}

/** To ask for what the policy demands anyway needs no allowance. */
function withoutDemanded(policy: DebugPolicySpec, spec: DebugSessionSpec): DebugSessionSpec {
  const { onUnstoppable, podAfterSession } = demandsOf(policy);
  const others = { ...spec };
  if (onUnstoppable !== undefined) delete others.ifUnstoppable;
  if (podAfterSession !== undefined) delete others.podAfterSession;
  return others;
}

type Need = [Allowance, string];

function* wishes(spec: DebugSessionSpec): Iterable<Need> {
  if (spec.target.containerName !== undefined) {
    yield ['TargetContainer', `target.containerName ${quoted(spec.target.containerName)}`];
  }
  const secret = (spec.env ?? []).find(isFromElsewhere);
  const plain = (spec.env ?? []).find((variable) => !isFromElsewhere(variable));
  if (plain !== undefined) yield ['Env', `env ${quoted(plain.name)}`];
  if (secret !== undefined) yield ['SecretEnv', `env ${quoted(secret.name)} with valueFrom`];
  if (isSet(spec.envFrom)) yield ['SecretEnv', `envFrom of ${listed(spec.envFrom.map(sourceName))}`];
  const opening = openingFields(spec.securityContext ?? {});
  if (opening.length > 0) yield ['SecurityContext', `securityContext with ${listed(opening)}`];
  if (isSet(spec.volumeMounts)) {
    yield ['VolumeMounts', `volumeMounts of ${listed(spec.volumeMounts.map(({ name }) => name))}`];
  }
  if (spec.supervisor === 'None') yield ['SupervisorNone', 'supervisor None'];
  if (spec.ifUnstoppable === 'EvictPod') yield ['EvictPod', 'ifUnstoppable EvictPod'];
  if (spec.podAfterSession === 'Evict') yield ['EvictPod', 'podAfterSession Evict'];
  if (isSet(spec.attachers)) yield ['Attachers', `attachers ${listed(spec.attachers.map(({ name }) => name))}`];
}

function* surroundings({ spec, namespace, pod }: Asked): Iterable<Need> {
  if (namespace.isSystem) yield ['SystemNamespaces', `the system namespace ${quoted(namespace.name)}`];
  if (pod === undefined) return;
  const name = quoted(pod.metadata.name);
  // In there every container is joined to all others, a debug container as well.
  if (pod.spec.shareProcessNamespace === true && spec.target.containerName === undefined) {
    yield ['TargetContainer', `pod ${name}, which shares its process namespace,`];
  }
  // That of any init container counts: it can be joined while it runs, and few pods need one.
  if (pod.spec.privileged === true) yield ['PrivilegedPods', `pod ${name}, which has a privileged container,`];
  else yield* nodePowers(spec, pod);
  const host = (['hostPID', 'hostNetwork', 'hostIPC'] as const).filter((field) => pod.spec[field] === true);
  if (host.length > 0) yield ['HostPods', `pod ${name} with ${listed(host)}`];
  yield* nodePaths(spec, pod);
}

/**
 * An init container that ends counts for a session that joins it alone: many pods, those of service meshes first, are
 * set up by one that may do more.
 */
function* nodePowers({ target }: DebugSessionSpec, { metadata, spec }: JudgedPod): Iterable<Need> {
  const { containers, initContainers = [], shareProcessNamespace } = spec;
  const isJoined = (name: string): boolean => shareProcessNamespace === true || target.containerName === name;
  const counting = initContainers.filter(({ name, restartPolicy }) => restartPolicy === 'Always' || isJoined(name));
  for (const { name, nodePower } of [...containers, ...counting]) {
    if (nodePower === undefined) continue;
    const container = oneLine(name, MAX_NAME);
    yield ['PrivilegedPods', `pod ${quoted(metadata.name)}, whose container ${container} has ${nodePower},`];
    return;
  }
}

function* nodePaths({ volumeMounts = [] }: DebugSessionSpec, { spec: { volumes = [] } }: JudgedPod): Iterable<Need> {
  const paths = new Set(volumes.filter(({ hostPath }) => hostPath === true).map(({ name }) => name));
  const wanted = volumeMounts.filter(({ name }) => paths.has(name)).map(({ name }) => name);
  if (wanted.length > 0) yield ['HostPods', `volumeMounts of ${listed(wanted)} with hostPath`];
}

/**
 * A session gets no more of a volume than the application has. One that nobody mounts is not to be had at all, which is
 * not for a policy to say.
 */
function* writes({ spec: { volumeMounts = [] }, pod }: Asked): Iterable<string> {
  const readable = (pod?.spec.volumes ?? []).filter(({ mounted, writable }) => mounted && writable !== true);
  const names = new Set(readable.map(({ name }) => name));
  const wanted = volumeMounts.filter(({ name, readOnly }) => names.has(name) && readOnly !== true);
  if (pod === undefined || wanted.length === 0) return;
  const what = `volumeMounts of ${listed(wanted.map(({ name }) => name))} without readOnly`;
  yield `${what} needs readOnly: true, whatever is in allow, because no container of pod ${quoted(pod.metadata.name)} mounts that read-write`;
}

function isFromElsewhere({ valueFrom }: EnvVar): boolean {
  return valueFrom !== undefined;
}

function sourceName({ secretRef, configMapRef }: EnvFromSource): string {
  return secretRef?.name ?? configMapRef?.name ?? 'nothing';
}

/** An empty object or list asks for nothing. */
function isSet<T extends object>(value: T | undefined): value is T {
  return value !== undefined && Object.keys(value).length > 0;
}

function quoted(text: string): string {
  return cutToPoints(oneLine(text), MAX_QUOTE);
}

function listed(words: readonly string[]): string {
  return words.length === 0 ? 'none' : quoted(words.join(', '));
}
