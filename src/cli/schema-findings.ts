import { nearest } from '../nearest.ts';
import type { Finding } from './draft.ts';
import { shown } from './finding-line.ts';
import type { FieldPath } from './input-documents.ts';
import { isObject } from './values.ts';

/** The part of an OpenAPI schema, as CRDs have it, that is looked at: types, fields, bounds. Not the CEL rules. */
export interface Schema {
  type: string;
  enum?: string[];
  pattern?: string;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: Schema;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  maxItems?: number;
  'x-kubernetes-list-type'?: string;
  /** Fields that the schema does not know may be there. */
  'x-kubernetes-preserve-unknown-fields'?: boolean;
}

/** Where a value is not what the schema says. `null` is a field that is not there, as for the API server. */
export function* schemaFindings(schema: Schema, value: unknown, path: FieldPath): Iterable<Finding> {
  const found = value === null ? 'null' : Array.isArray(value) ? 'a list' : `${shown(value)}`;
  if (!isOfType(schema.type, value)) {
    yield { path, message: `must be ${TYPES[schema.type] ?? schema.type}, found ${found}` };
  } else if (isObject(value)) yield* objectFindings(schema, value, path);
  else if (Array.isArray(value)) yield* listFindings(schema, value, path);
  else if (typeof value === 'string') yield* textFindings(schema, value, path);
  else if (typeof value === 'number') yield* numberFindings(schema, value, path);
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

function* objectFindings(schema: Schema, object: Record<string, unknown>, path: FieldPath): Iterable<Finding> {
  const { properties = {}, additionalProperties, required = [] } = schema;
  for (const [key, value] of Object.entries(object)) {
    const field = Object.hasOwn(properties, key) ? properties[key] : additionalProperties;
    if (field !== undefined) {
      if (value !== null) yield* schemaFindings(field, value, [...path, key]);
    } else if (schema['x-kubernetes-preserve-unknown-fields'] !== true) {
      const meant = nearest(key, Object.keys(properties));
      yield { path: [...path, key], message: `unknown field${meant === undefined ? '' : `, did you mean ${meant}?`}` };
    }
  }
  for (const key of required) {
    if (!Object.hasOwn(object, key) || object[key] === null) yield { path: [...path, key], message: 'is missing' };
  }
}

function* listFindings(schema: Schema, list: readonly unknown[], path: FieldPath): Iterable<Finding> {
  const { items, maxItems = Infinity } = schema;
  if (list.length > maxItems) {
    // One message is enough, where there may be a million.
    yield { path, message: `may not have more than ${maxItems} elements, has ${list.length}` };
    return;
  }
  const isSet = schema['x-kubernetes-list-type'] === 'set';
  for (const [index, item] of list.entries()) {
    if (items !== undefined) yield* schemaFindings(items, item, [...path, index]);
    if (isSet && list.indexOf(item) < index)
      yield { path: [...path, index], message: `${shown(item)} stands there twice` };
  }
}

function* textFindings(schema: Schema, text: string, path: FieldPath): Iterable<Finding> {
  const { minLength = 0, maxLength = Infinity } = schema;
  if (schema.enum !== undefined && !schema.enum.includes(text)) {
    const meant = nearest(text, schema.enum);
    const known = meant === undefined ? `known are ${schema.enum.join(', ')}` : `did you mean ${meant}?`;
    yield { path, message: `${shown(text)} is not known, ${known}` };
  }
  if (text.length < minLength) yield { path, message: 'must not be empty' };
  if (text.length > maxLength) yield { path, message: `may not be longer than ${maxLength} characters` };
  else if (schema.pattern !== undefined && !new RegExp(schema.pattern).test(text)) {
    yield { path, message: `${shown(text)} does not match ${schema.pattern}` };
  }
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
