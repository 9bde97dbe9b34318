import { nearest } from '../text/nearest.ts';
import { CrdRules, type RuleSchema } from './crd-rules.ts';
import { shown, type Finding } from './finding-line.ts';
import type { FieldPath } from './input-documents.ts';
import { isObject } from './values.ts';

/** The part of an OpenAPI schema, as CRDs have it, that is looked at: types, fields, bounds, and the CEL rules. */
export interface Schema extends RuleSchema {
  enum?: string[];
  pattern?: string;
  format?: string;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  maxProperties?: number;
  'x-kubernetes-list-type'?: string;
  /** What makes two elements of a list of type `map` the same. */
  'x-kubernetes-list-map-keys'?: string[];
  /** Fields that the schema does not know may be there. */
  'x-kubernetes-preserve-unknown-fields'?: boolean;
}

/** Checks objects against the schema of their resource, as the API server does when they are created. */
export class SchemaCheck {
  readonly #rules = new CrdRules();

  /** Where a value is not what the schema says. `null` is a field that is not there, as for the API server. */
  *findings(schema: Schema, value: unknown, path: FieldPath): Iterable<Finding> {
    const found = value === null ? 'null' : Array.isArray(value) ? 'a list' : shown(value);
    if (!isOfType(schema.type, value)) {
      yield { path, message: `must be ${TYPES[schema.type] ?? schema.type}, found ${found}` };
    } else if (isObject(value)) {
      let isFine = true;
      for (const finding of this.#objectFindings(schema, value, path)) {
        isFine = false;
        yield finding;
      }
      // They are about fields that are what they should be.
      if (isFine) yield* this.#rules.findings(schema, value, path);
    } else if (Array.isArray(value)) yield* this.#listFindings(schema, value, path);
    else if (typeof value === 'string') yield* this.#textFindings(schema, value, path);
    else if (typeof value === 'number') yield* numberFindings(schema, value, path);
  }

  *#objectFindings(schema: Schema, object: Record<string, unknown>, path: FieldPath): Iterable<Finding> {
    const { properties = {}, additionalProperties, required = [], maxProperties = Infinity } = schema;
    const count = Object.keys(object).length;
    if (count > maxProperties) yield { path, message: `may not have more than ${maxProperties} fields, has ${count}` };
    for (const [key, value] of Object.entries(object)) {
      const field = Object.hasOwn(properties, key) ? properties[key] : additionalProperties;
      if (field !== undefined) {
        if (value !== null) yield* this.findings(field, value, [...path, key]);
      } else if (schema['x-kubernetes-preserve-unknown-fields'] !== true) {
        const meant = nearest(key, Object.keys(properties));
        yield {
          path: [...path, key],
          message: `unknown field${meant === undefined ? '' : `, did you mean ${meant}?`}`,
        };
      }
    }
    for (const key of required) {
      if (!Object.hasOwn(object, key) || object[key] === null) yield { path: [...path, key], message: 'is missing' };
    }
  }

  *#listFindings(schema: Schema, list: readonly unknown[], path: FieldPath): Iterable<Finding> {
    const { items, minItems = 0, maxItems = Infinity, 'x-kubernetes-list-map-keys': keys = [] } = schema;
    if (list.length < minItems) yield { path, message: 'must not be empty' };
    if (list.length > maxItems) {
      // One message is enough, where there may be a million.
      yield { path, message: `may not have more than ${maxItems} elements, has ${list.length}` };
      return;
    }
    const isSet = schema['x-kubernetes-list-type'] === 'set';
    for (const [index, item] of list.entries()) {
      if (items !== undefined) yield* this.findings(items, item, [...path, index]);
      if (isSet && list.indexOf(item) < index)
        yield { path: [...path, index], message: `${shown(item)} appears twice` };
      if (keys.length > 0 && list.findIndex((other) => isSame(other, item, keys)) < index) {
        const named = keys.map((key) => `${key} ${shown(isObject(item) ? item[key] : item)}`).join(', ');
        yield { path: [...path, index], message: `${named} appears twice` };
      }
    }
  }

  *#textFindings(schema: Schema, text: string, path: FieldPath): Iterable<Finding> {
    const { minLength = 0, maxLength = Infinity } = schema;
    if (schema.enum !== undefined && !schema.enum.includes(text)) {
      const meant = nearest(text, schema.enum);
      const known = meant === undefined ? `known are ${schema.enum.join(', ')}` : `did you mean ${meant}?`;
      yield { path, message: `${shown(text)} is not known, ${known}` };
    }
    // As the API server counts: an emoji is one character.
    const { length } = Array.from(text);
    if (length < minLength) {
      const message = length === 0 ? 'must not be empty' : `may not be shorter than ${minLength} characters`;
      yield { path, message };
    } else if (length > maxLength) yield { path, message: `may not be longer than ${maxLength} characters` };
    else yield* this.#formFindings(schema, text, path);
  }

  /** What it is not, in the words of a rule where there is one: a pattern tells people little. */
  *#formFindings(schema: Schema, text: string, path: FieldPath): Iterable<Finding> {
    const broken = [...this.#rules.findings(schema, text, path)];
    yield* broken;
    const fits = schema.pattern === undefined || new RegExp(schema.pattern).test(text);
    if (schema.format === 'date-time') {
      if (fits && isMoment(text)) return;
      yield { path, message: `must be a time with its zone, such as 2026-12-01T18:00:00Z, found ${shown(text)}` };
    } else if (!fits && broken.length === 0) yield { path, message: `${shown(text)} does not match ${schema.pattern}` };
  }
}

const TYPES: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a text (numbers, true and the like need quotes)',
  boolean: 'true or false',
  integer: 'a whole number',
};

function isOfType(type: string, value: unknown): boolean {
  if (type === 'object') return isObject(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  return typeof value === type;
}

function isSame(one: unknown, other: unknown, keys: readonly string[]): boolean {
  if (one === other) return true;
  return isObject(one) && isObject(other) && keys.every((key) => one[key] !== undefined && one[key] === other[key]);
}

/** JavaScript takes the 31st of February for the 3rd of March. */
function isMoment(text: string): boolean {
  const day = text.slice(0, 10);
  return !Number.isNaN(Date.parse(text)) && new Date(`${day}T00:00:00Z`).toISOString().startsWith(day);
}

function* numberFindings(schema: Schema, value: number, path: FieldPath): Iterable<Finding> {
  const { minimum = -Infinity, maximum = Infinity } = schema;
  if (value < minimum || value > maximum)
    yield { path, message: `must be from ${minimum} to ${maximum}, found ${value}` };
}

/** The value without the fields that are null. */
export function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(fields.map(([key, field]) => [key, withoutNulls(field)]));
}
