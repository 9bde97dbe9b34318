import { DEFAULT_POLICY, type DebugPolicySpec, POLICY_KIND } from '../api/debugpolicy.ts';
import { API_VERSION, KIND } from '../api/debugsession.ts';
import type { LabelSelector } from '../api/label-selector.ts';
import { BUILT_IN_POLICY } from '../policy/built-in.ts';
import { evaluate } from '../policy/evaluate.ts';
import { shortRoom } from '../policy/headroom.ts';
import { isSystemNamespace } from '../policy/system-namespace.ts';
import { oneLine } from '../text/one-line.ts';
import { type GivenSession, type PolicyInput, PolicyInputReader, type ReaderOptions } from './policy-input.ts';

export type PolicyReport =
  /**
   * What is said of the sessions, line by line; what was not judged, in one line, which may be empty. `withoutPolicy`:
   * their policy was not given.
   */
  | { kind: 'judged'; lines: string[]; notJudged: string; refused: number; withoutPolicy: number }
  /** Nothing is judged unless everything is understood. */
  | { kind: 'unusable'; faults: string[] };

/** A text, and what messages call it. */
export interface NamedText {
  source: string;
  text: string;
}

/** Every Namespace has it, by its name. */
const NAME_LABEL = 'kubernetes.io/metadata.name';
/** Where config/ installs the operator, which takes its own namespace for one of the system. */
const OPERATOR_NAMESPACE = 'debugsession-system';
/** Names of what was not given, in one line. */
const MAX_LIST = 500;

/**
 * What the policies in these texts say of the sessions in them, as far as it can be told without a cluster: what is not
 * given is left open and not held against a session. The built-in policy counts as `default` where no other is given.
 * Every line is one printable line.
 */
export function checkPolicies(texts: readonly NamedText[], options: ReaderOptions): PolicyReport {
  const reader = new PolicyInputReader(options);
  for (const { source, text } of texts) reader.read(text, source);
  const { input } = reader;
  if (input.faults.length > 0) return { kind: 'unusable', faults: input.faults };
  if (input.policies.size === 0 && input.sessions.length === 0) {
    return { kind: 'unusable', faults: [nothingToJudge(texts, input)] };
  }
  return judge(input);
}

function nothingToJudge(texts: readonly NamedText[], { pods, namespaces, otherKinds }: PolicyInput): string {
  const known = [...(pods.size > 0 ? ['Pod'] : []), ...(namespaces.size > 0 ? ['Namespace'] : [])];
  const kinds = [...known, ...otherKinds].join(', ');
  const sources = oneLine(texts.map(({ source }) => source).join(', '), MAX_LIST);
  const found = kinds === '' ? 'nothing at all' : `only ${oneLine(kinds, MAX_LIST)}`;
  return `${sources}: no ${POLICY_KIND} and no ${KIND} of ${API_VERSION} in it, ${found}`;
}

function judge(input: PolicyInput): PolicyReport {
  const lines: string[] = [];
  let refused = 0;
  let withoutPolicy = 0;
  const open: OpenQuestions = { pods: new Set(), namespaces: new Set() };
  for (const session of input.sessions) {
    const who = `${session.namespace}/${session.name}`;
    const policy = policyOf(session, input);
    if (policy.spec === undefined) {
      withoutPolicy += 1;
      lines.push(`${who}: cannot be judged: ${POLICY_KIND} ${policy.name} was not given`);
      continue;
    }
    const reasons = judgeSession(session, policy.spec, input, open);
    if (reasons.length === 0) {
      lines.push(`${who}: allowed by ${policy.name}`);
      continue;
    }
    refused += 1;
    lines.push(`${who}: refused by ${policy.name}:`, ...reasons.map((reason) => `  ${reason}`));
  }
  return { kind: 'judged', lines, refused, withoutPolicy, notJudged: notJudged(input, open) };
}

/** What could not be told, by name. */
interface OpenQuestions {
  pods: Set<string>;
  namespaces: Set<string>;
  /** A policy refuses what is under pressure. */
  pressure?: true;
}

/** The policy of a session, and what lines call it; without spec it was not given. */
function policyOf(
  { spec }: GivenSession,
  { policies }: PolicyInput,
): { name: string; spec: DebugPolicySpec | undefined } {
  const name = spec.policyName ?? DEFAULT_POLICY;
  const given = policies.get(name);
  if (given === undefined && name === DEFAULT_POLICY) return { name: `${name} (built in)`, spec: BUILT_IN_POLICY };
  return { name, spec: given };
}

/** Why the policy refuses the session. */
function judgeSession(
  { namespace, spec }: GivenSession,
  policy: DebugPolicySpec,
  input: PolicyInput,
  open: OpenQuestions,
): string[] {
  const { podName, workloadRef } = spec.target;
  const pod = podName === undefined ? undefined : input.pods.get(`${namespace}/${podName}`);
  if (podName === undefined) open.pods.add(`one of ${workloadRef?.kind} ${namespace}/${workloadRef?.name}`);
  else if (pod === undefined) open.pods.add(`${namespace}/${podName}`);
  const labels = labelsOf(namespace, policy.namespaceSelector, input);
  const isOpen = policy.namespaceSelector !== undefined && labels === undefined;
  if (isOpen) open.namespaces.add(namespace);
  const judged: DebugPolicySpec = isOpen ? withoutNamespaceSelector(policy) : policy;
  const isSystem = isSystemNamespace(namespace, OPERATOR_NAMESPACE);
  const place = { name: namespace, isSystem, ...(labels && { labels }) };
  const reasons = evaluate(judged, { spec, namespace: place, ...(pod && { pod }) });
  if (policy.onPressure !== 'Refuse') return reasons;
  open.pressure = true;
  return [...reasons, ...(pod === undefined ? [] : shortRoom(pod)).map((short) => `onPressure Refuse: ${short}`)];
}

function withoutNamespaceSelector(policy: DebugPolicySpec): DebugPolicySpec {
  const rest = { ...policy };
  delete rest.namespaceSelector;
  return rest;
}

function labelsOf(
  namespace: string,
  selector: LabelSelector | undefined,
  { namespaces }: PolicyInput,
): Record<string, string> | undefined {
  const given = namespaces.get(namespace);
  const keys = [
    ...Object.keys(selector?.matchLabels ?? {}),
    ...(selector?.matchExpressions ?? []).map(({ key }) => key),
  ];
  if (given === undefined && keys.some((key) => key !== NAME_LABEL)) return undefined;
  return { ...given, [NAME_LABEL]: namespace };
}

function notJudged({ sessions, otherKinds }: PolicyInput, { pods, namespaces, pressure }: OpenQuestions): string {
  const parts = sessions.length === 0 ? [] : ['who may use the policy', 'limits'];
  if (pods.size > 0) parts.push(`pods that were not given (${[...pods].join(', ')})`);
  if (namespaces.size > 0) parts.push(`labels of namespaces that were not given (${[...namespaces].join(', ')})`);
  if (pressure === true) parts.push('the pressure of nodes and what pods use');
  if (otherKinds.size > 0) parts.push(`objects of other kinds (${[...otherKinds].join(', ')})`);
  return parts.map((part) => oneLine(part, MAX_LIST)).join('; ');
}
