import fc from 'fast-check';
import { debugSessionSchema, type Schema } from '../support/documents/crd.ts';

// Specs of sessions from the schema of the CRD alone: its types, enums, bounds and patterns, and the patterns of its
// rules. Most are good ones, some are odd, and what the schema cannot say (two fields together) comes as it comes.

/** A spec but for its target. */
export type DrawnSpec = Record<string, unknown>;

/** One in so many of the fields that a spec may have is there. */
const RARITY = 7;
/** One in so many strings is none that the schema asks for. */
const ODDITY = 20;
const LONGEST = 40;

/**
 * What is drawn in another way than the schema says, by the path in the spec, with the reason. `undefined`: never
 * there.
 */
const OTHERWISE: Record<string, fc.Arbitrary<unknown> | undefined> = {
  // The same in each: a test gives it, since it never changes.
  target: undefined,
  // Else a container that cannot start is waited for as long as an hour.
  startTimeout: undefined,
  // The session would be gone, or its pod, before somebody can mend it.
  ttlAfterFinished: fc.constantFrom('1h', '8760h', '0h1h'),
  podAfterSession: fc.constant('Keep'),
  // The last one that can be raised.
  attempt: fc.integer({ min: 1, max: 19 }),
  // Refused unless it is who asks: test/security/identity.test.ts.
  requestedBy: undefined,
  // Images that are there and that nobody has.
  image: mostly(['docker.io/library/busybox:1.36', 'localhost/nobody/has:this'], ['Bad Image']),
  // Its rule has classes that a JavaScript pattern has not.
  'volumeMounts.mountPath': mostly(['/data', '/var/lib/app'], ['/proc/here', 'relative']),
  workingDir: mostly(['/', '/tmp', '/no/such/folder'], ['relative']),
  notAfter: mostly(['2001-01-01T00:00:00Z', '2999-12-31T23:59:59+02:00'], ['2026-02-30T00:00:00Z', '2026-01-01']),
};

function mostly(good: readonly string[], others: readonly string[]): fc.Arbitrary<string> {
  const [often, seldom] = [fc.constantFrom(...good), fc.constantFrom(...others)];
  return fc.oneof({ weight: ODDITY - 1, arbitrary: often }, { weight: 1, arbitrary: seldom });
}

const odd = fc.oneof(
  fc.constantFrom('', ' ', '\u0000', 'one\ntwo', '\u202etxet', 'constructor', '__proto__', '../..', 'x'.repeat(20_000)),
  fc.string({ unit: 'binary', maxLength: LONGEST }),
);

/** The same for the same seed. */
export function drawnSpecs(count: number, seed: number): DrawnSpec[] {
  const spec = debugSessionSchema().properties?.['spec'];
  if (spec === undefined) throw new Error('the schema of DebugSession has no spec');
  return fc.sample(valueOf(spec, ''), { numRuns: count, seed }) as DrawnSpec[];
}

function valueOf(schema: Schema & Bounds, path: string): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.type === 'boolean') return fc.boolean();
  if (schema.type === 'integer') return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 2 ** 31 - 1 });
  if (schema.type === 'array') return listOf(schema, path);
  if (schema.type === 'object') return objectOf(schema, path);
  return fc.oneof({ weight: ODDITY - 1, arbitrary: stringOf(schema) }, { weight: 1, arbitrary: odd });
}

interface Bounds {
  minimum?: number;
  maximum?: number;
  minItems?: number;
  minLength?: number;
  pattern?: string;
}

function listOf({ items, minItems = 0, maxItems = 3 }: Schema & Bounds, path: string): fc.Arbitrary<unknown> {
  if (items === undefined) throw new Error(`${path} is a list of nothing`);
  return fc.array(valueOf(items, path), { minLength: minItems, maxLength: Math.min(3, maxItems) });
}

function objectOf(schema: Schema, path: string): fc.Arbitrary<unknown> {
  if (schema.properties === undefined) {
    const values = schema.additionalProperties;
    return values === undefined ? fc.constant({}) : fc.dictionary(fc.string(), valueOf(values, path), { maxKeys: 2 });
  }
  const fields = Object.entries(schema.properties).flatMap(([name, field]) => {
    const at = path === '' ? name : `${path}.${name}`;
    if (at in OTHERWISE && OTHERWISE[at] === undefined) return [];
    const value = OTHERWISE[at] ?? valueOf(field, at);
    const isRequired = schema.required?.includes(name) === true;
    const entry = value.map((drawn): [string, unknown][] => [[name, drawn]]);
    const absent = fc.constant<[string, unknown][]>([]);
    // Below a field that is there, every second one: else an object would mostly be empty.
    const rarity = path === '' ? RARITY : 2;
    return [isRequired ? entry : fc.oneof({ weight: rarity - 1, arbitrary: absent }, { weight: 1, arbitrary: entry })];
  });
  return fc.tuple(...fields).map((entries) => Object.fromEntries(entries.flat()));
}

function stringOf(schema: Schema & Bounds): fc.Arbitrary<string> {
  const { minLength = 0, maxLength = LONGEST } = schema;
  const pattern = schema.pattern ?? patternOfRules(schema);
  const isFitting = (text: string): boolean => text.length >= minLength && text.length <= maxLength;
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern)).filter(isFitting);
  return fc.string({ unit: 'grapheme', minLength, maxLength: Math.min(LONGEST, maxLength) }).filter(isFitting);
}

/** `self.matches('...')`, the whole rule or its first part. */
function patternOfRules(schema: Schema): string | undefined {
  const rules = schema['x-kubernetes-validations'] ?? [];
  return rules.map(({ rule }) => /^self\.matches\('([^']+)'\)/.exec(rule)?.[1]).find((found) => found !== undefined);
}
