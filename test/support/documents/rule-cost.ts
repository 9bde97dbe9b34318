import { type CelInput, celEnv, celMethod, CelScalar, listType, parse, plan } from '@bufbuild/cel';
import type { Rule, Schema } from './crd.ts';

/** Of Kubernetes' list library, which CEL itself lacks; for integers. */
const SUM = celMethod('sum', listType(CelScalar.DYN), [], CelScalar.INT, function () {
  let sum = 0n;
  for (const value of this) sum += typeof value === 'bigint' ? value : 0n;
  return sum;
});

const env = celEnv({ funcs: [SUM] });

/**
 * How many properties of schemas the API server copies when it judges a write by the CEL rules of a CRD. It makes a map
 * of all properties of an object's schema for each question about one of them: once to see that the object has
 * properties, and once more for the property that is there. This is what rules cost; the rest is small beside it.
 * Source: `unstructuredMap.Find` and `Equal` of k8s.io/apiserver/pkg/cel/common, `Structural.Properties` of
 * k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model, v0.36.
 *
 * `old` is the object before the write; undefined for a new one, of which rules about a change are not asked. Throws
 * if a rule refuses the write, because the cost of a refusal is another.
 */
export function copiedProperties(schema: Schema, value: unknown, old: unknown): number {
  const meter = new Meter();
  judge(withMetadata(schema), value, old, meter);
  return meter.copied;
}

class Meter {
  copied = 0;
}

/** Of metadata, which a CRD may not describe, rules see these two. */
function withMetadata(schema: Schema): Schema {
  const metadata: Schema = {
    type: 'object',
    properties: { name: { type: 'string' }, generateName: { type: 'string' } },
  };
  return { ...schema, properties: { ...schema.properties, metadata } };
}

function judge(schema: Schema, value: unknown, old: unknown, meter: Meter): void {
  if (value === undefined || value === null) return;
  const rules = schema['x-kubernetes-validations'] ?? [];
  if (rules.length > 0) {
    const self = metered(schema, value, meter);
    meter.copied += width(schema);
    const isChange = rules.some(({ rule }) => aboutChange(rule));
    const oldSelf = old === undefined ? undefined : metered(schema, old, meter);
    if (isChange && old !== undefined) meter.copied += width(schema);
    for (const rule of rules) hold(rule, self, oldSelf);
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    judge(property, member(value, name), member(old, name), meter);
  }
  // Elements of a list have no old value, unless the list is a map: the tests here have no change of one.
  const { items } = schema;
  if (items !== undefined && Array.isArray(value)) for (const item of value) judge(items, item, undefined, meter);
}

function hold({ rule, message }: Rule, self: CelInput, oldSelf: CelInput | undefined): void {
  if (aboutChange(rule) && oldSelf === undefined) return;
  const result = plan(env, parse(rule))(oldSelf === undefined ? { self } : { self, oldSelf });
  if (result !== true) throw new Error(`a rule refuses what it is measured with: ${message ?? rule}`);
}

function aboutChange(rule: string): boolean {
  return /\boldSelf\b/.test(rule);
}

function width(schema: Schema): number {
  return Object.keys(schema.properties ?? {}).length;
}

function member(object: unknown, name: string): unknown {
  return typeof object === 'object' && object !== null ? (object as Record<string, unknown>)[name] : undefined;
}

function metered(schema: Schema, value: unknown, meter: Meter): CelInput {
  const { items } = schema;
  if (schema.type === 'integer' && typeof value === 'number') return BigInt(value);
  if (Array.isArray(value)) return items === undefined ? [] : value.map((item) => metered(items, item, meter));
  if (typeof value !== 'object' || value === null) return value as CelInput;
  return new MeteredObject(schema, value as Record<string, unknown>, meter);
}

/** An object of a CRD as rules see it, which counts what the API server copies for each question. */
class MeteredObject extends Map<string, CelInput> {
  readonly #schema: Schema;
  readonly #meter: Meter;

  constructor(schema: Schema, object: Record<string, unknown>, meter: Meter) {
    super();
    this.#schema = schema;
    this.#meter = meter;
    for (const [name, field] of Object.entries(schema.properties ?? {})) {
      const value = object[name];
      if (value !== undefined && value !== null) this.set(name, metered(field, value, meter));
    }
  }

  override get(name: string): CelInput | undefined {
    const value = super.get(name);
    this.#count(name, value === undefined ? 1 : 2);
    return value;
  }

  /** For a comparison of two objects, which looks each property up in the schema, then here, then in the other one. */
  override *entries(): MapIterator<[string, CelInput]> {
    for (const [name, value] of super.entries()) {
      this.#count(name, 3);
      yield [name, value];
    }
  }

  override [Symbol.iterator](): MapIterator<[string, CelInput]> {
    return this.entries();
  }

  #count(name: string, times: number): void {
    const field = this.#schema.properties?.[name];
    this.#meter.copied += times * width(this.#schema) + (times > 1 && field !== undefined ? width(field) : 0);
  }
}
