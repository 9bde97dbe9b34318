import { type CelInput, celEnv, celMethod, CelScalar, isCelError, listType, parse, plan } from '@bufbuild/cel';
import { shown, type Finding } from './finding-line.ts';
import type { FieldPath } from './input-documents.ts';
import { isObject } from './values.ts';

/**
 * A rule of a CRD (x-kubernetes-validations) in CEL. `fieldPath` is relative to what the rule is about, such as
 * `.args`.
 */
export interface Rule {
  rule: string;
  message?: string;
  /** CEL for a text; it takes the place of `message` where it gives one line. */
  messageExpression?: string;
  fieldPath?: string;
}

/** What of a schema decides how CEL sees a value. */
export interface RuleSchema {
  type: string;
  default?: unknown;
  properties?: Record<string, RuleSchema>;
  items?: RuleSchema;
  additionalProperties?: RuleSchema;
  'x-kubernetes-validations'?: Rule[];
}

/**
 * Names of CEL itself. A rule writes a field of such a name as `__namespace__`; newer API servers take it as it is, too
 * (https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation-rules).
 */
export const RESERVED: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return'.split(' '),
);

type Program = ReturnType<typeof plan>;

/** Of Kubernetes' list library, which CEL itself lacks; for integers. */
const SUM = celMethod('sum', listType(CelScalar.DYN), [], CelScalar.INT, function () {
  let sum = 0n;
  for (const value of this) sum += typeof value === 'bigint' ? value : 0n;
  return sum;
});

/**
 * Evaluates the CEL rules of a CRD as the API server does when an object is created. A time (format date-time) is a
 * text here, and rules about it would have to convert it.
 */
export class CrdRules {
  readonly #env = celEnv({ funcs: [SUM] });
  /** By expression: the same rule stands at many fields, and is asked of many objects. */
  readonly #programs = new Map<string, Program>();

  /**
   * What the rules of `schema` say of a new value whose shape is right, in the words of the CRD. Rules about a change
   * are passed over. Throws on an expression that is no CEL: without its rule something would count as allowed that the
   * API server refuses.
   */
  *findings(schema: RuleSchema, value: unknown, path: FieldPath): Iterable<Finding> {
    const rules = (schema['x-kubernetes-validations'] ?? []).filter(({ rule }) => !/\boldSelf\b/.test(rule));
    if (rules.length === 0) return;
    const self = celValue(atCreation(schema), value);
    for (const rule of rules) {
      const result = this.#evaluate(rule.rule, self);
      if (result === true) continue;
      const at = rule.fieldPath === undefined ? path : [...path, rule.fieldPath.slice(1)];
      const message = this.#messageOf(rule, self);
      if (isCelError(result)) yield { path: at, message: `${result.message} evaluating rule: ${message}` };
      else yield { path: at, message: typeof value === 'string' ? `${message}, found ${shown(value)}` : message };
    }
  }

  #messageOf({ rule, message, messageExpression }: Rule, self: CelInput): string {
    const text = messageExpression === undefined ? undefined : this.#evaluate(messageExpression, self);
    if (typeof text === 'string' && text.trim() !== '' && !text.includes('\n')) return text;
    return message ?? `failed rule: ${rule.trim()}`;
  }

  #evaluate(expression: string, self: CelInput): ReturnType<Program> {
    const program = this.#programs.get(expression) ?? plan(this.#env, parse(expression));
    this.#programs.set(expression, program);
    return program({ self });
  }
}

/** Of a resource, rules see no status at its creation: the API server drops it, and gives it its default later. */
function atCreation(schema: RuleSchema): RuleSchema {
  const { status, ...properties } = schema.properties ?? {};
  return status === undefined || properties['apiVersion'] === undefined ? schema : { ...schema, properties };
}

/**
 * A value as rules see it: with the schema's defaults, whole numbers as int, and without fields that are null or
 * unknown.
 */
function celValue(schema: RuleSchema, value: unknown): CelInput {
  const { items } = schema;
  if (schema.type === 'integer' && typeof value === 'number') return BigInt(value);
  if (Array.isArray(value)) return items === undefined ? [] : value.map((item) => celValue(items, item));
  return isObject(value) ? new Map(celFields(schema, value)) : (value as CelInput);
}

function* celFields(schema: RuleSchema, object: Record<string, unknown>): Iterable<[string, CelInput]> {
  const { properties = {}, additionalProperties } = schema;
  const keys = Object.keys(additionalProperties === undefined ? properties : object);
  for (const key of keys) {
    const field = Object.hasOwn(properties, key) ? properties[key] : additionalProperties;
    const value = (Object.hasOwn(object, key) ? object[key] : undefined) ?? field?.default;
    if (field === undefined || value === undefined || value === null) continue;
    const seen = celValue(field, value);
    yield [key, seen];
    if (RESERVED.has(key)) yield [`__${key}__`, seen];
  }
}
