import type { LabelExpression, LabelSelector } from '../api/label-selector.ts';

/**
 * Whether the selector selects what has these labels, as metav1.LabelSelectorAsSelector does: every label and every
 * expression must hold; an empty selector selects everything. An expression that is not understood holds for nothing.
 */
export function selects(selector: LabelSelector, labels: Readonly<Record<string, string>>): boolean {
  return unmetTerm(selector, labels) === undefined;
}

/**
 * One term that the labels do not satisfy, as `kubectl get --selector` writes it, such as `env=production`: of the
 * labels the first by name, else the first expression; undefined: they satisfy all.
 */
export function unmetTerm(selector: LabelSelector, labels: Readonly<Record<string, string>>): string | undefined {
  const { matchLabels = {}, matchExpressions = [] } = selector;
  const label = Object.keys(matchLabels)
    .sort(byCodePoint)
    .find((key) => labels[key] !== matchLabels[key]);
  if (label !== undefined) return `${label}=${matchLabels[label]}`;
  const expression = matchExpressions.find((one) => !holds(one, labels));
  if (expression === undefined) return undefined;
  const { key, operator, values = [] } = expression;
  return values.length === 0 ? `${key} ${operator}` : `${key} ${operator} (${values.join(', ')})`;
}

/** As the API server orders text; JavaScript compares UTF-16 units. */
function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function holds({ key, operator, values = [] }: LabelExpression, labels: Readonly<Record<string, string>>): boolean {
  // hasOwn: a label may be called toString.
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return values.length > 0 && (value === undefined || !values.includes(value));
    case 'Exists':
      return value !== undefined && values.length === 0;
    case 'DoesNotExist':
      return value === undefined && values.length === 0;
    default:
      return false;
  }
}
