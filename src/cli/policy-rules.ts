import type { DebugPolicySpec } from '../api/debugpolicy.ts';
import type { DebugSessionSpec } from '../api/debugsession.ts';
import { MAX_DURATION_MS, parseDuration } from '../api/duration.ts';
import type { LabelSelector } from '../api/label-selector.ts';
import { ttlOf } from '../policy/evaluate.ts';
import { patternFault } from '../policy/image-pattern.ts';
import type { Finding } from './draft.ts';
import { shown } from './finding-line.ts';
import type { FieldPath } from './input-documents.ts';
import { isObjectName } from './values.ts';

/** What the CEL rules of the CRD of DebugPolicy say of a spec whose shape is right. */
export function* policyRuleFindings(spec: DebugPolicySpec, path: FieldPath): Iterable<Finding> {
  yield* selectorFindings(spec.namespaceSelector, [...path, 'namespaceSelector']);
  yield* selectorFindings(spec.podSelector, [...path, 'podSelector']);
  for (const [index, pattern] of (spec.images ?? []).entries()) {
    const message = patternFault(pattern);
    if (message !== undefined) yield { path: [...path, 'images', index], message: `${shown(pattern)} ${message}` };
  }
  const bounds = [
    ...durationFindings(spec.ttl?.default, [...path, 'ttl', 'default']),
    ...durationFindings(spec.ttl?.max, [...path, 'ttl', 'max']),
  ];
  yield* bounds;
  if (bounds.length > 0) return;
  const effective = ttlOf(spec);
  if (parseDuration(effective.default) > parseDuration(effective.max)) {
    yield { path: [...path, 'ttl', 'default'], message: `must not be longer than max, which is ${effective.max}` };
  }
}

/** Of the rules of DebugSession those that a policy leans on: the API server knows the others. */
export function* sessionRuleFindings(spec: DebugSessionSpec, path: FieldPath): Iterable<Finding> {
  yield* durationFindings(spec.ttl, [...path, 'ttl']);
  const { policyName } = spec;
  if (policyName !== undefined && !isObjectName(policyName)) {
    yield { path: [...path, 'policyName'], message: `must be the name of a DebugPolicy, found ${shown(policyName)}` };
  }
}

function* durationFindings(text: string | undefined, path: FieldPath): Iterable<Finding> {
  if (text === undefined) return;
  try {
    const ms = parseDuration(text);
    if (ms < 1000 || ms > MAX_DURATION_MS)
      yield { path, message: `must be between 1s and 8760h, found ${shown(text)}` };
  } catch {
    yield { path, message: `must be a duration such as 30m or 1h30m, found ${shown(text)}` };
  }
}

function* selectorFindings(selector: LabelSelector | undefined, path: FieldPath): Iterable<Finding> {
  for (const [index, { operator, values = [] }] of (selector?.matchExpressions ?? []).entries()) {
    const needsValues = operator === 'In' || operator === 'NotIn';
    if (needsValues !== values.length > 0) {
      yield {
        path: [...path, 'matchExpressions', index],
        message: 'In and NotIn need values, Exists and DoesNotExist take none',
      };
    }
  }
}
