import { describe, expect, it } from '@jest/globals';
import { CrdRules, type Rule, type RuleSchema } from '../../../src/cli/crd-rules.ts';

const TEXT: RuleSchema = { type: 'string' };
const NUMBER: RuleSchema = { type: 'integer' };

/** What a schema with these rules says of a value. */
function said(schema: RuleSchema, rules: Rule[], value: unknown): string[] {
  const whole = { ...schema, 'x-kubernetes-validations': rules };
  return [...new CrdRules().findings(whole, value, ['spec'])].map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  );
}

/** An object with these fields. */
function fields(properties: Record<string, RuleSchema>): RuleSchema {
  return { type: 'object', properties };
}

describe('a rule of a CRD', () => {
  it('a broken rule gives its message at its field, and a kept rule gives none', () => {
    const rules = [
      { rule: 'self.a > 1', message: 'a is small' },
      { rule: 'self.a > 2', message: 'a is smaller', fieldPath: '.a' },
    ];
    expect(said(fields({ a: NUMBER }), rules, { a: 2 })).toEqual(['spec.a: a is smaller']);
  });

  it('a broken rule of a text quotes the text', () => {
    expect(said(TEXT, [{ rule: "self.startsWith('/')", message: 'must start with /' }], 'x')).toEqual([
      'spec: must start with /, found "x"',
    ]);
  });

  it.each([
    ['its own text where it has no message', { rule: 'self.a > 3 ' }, 'failed rule: self.a > 3'],
    ['its expression', { rule: 'false', message: 'm', messageExpression: "'a is ' + string(self.a)" }, 'a is 2'],
    ['its message for an empty expression', { rule: 'false', message: 'm', messageExpression: "' '" }, 'm'],
    ['its message for several lines', { rule: 'false', message: 'm', messageExpression: "'a\\nb'" }, 'm'],
    ['its message for a fault', { rule: 'false', message: 'm', messageExpression: 'self.b' }, 'm'],
  ])('a broken rule gives %s', (_, rule, message) => {
    expect(said(fields({ a: NUMBER }), [rule], { a: 2 })).toEqual([`spec: ${message}`]);
  });

  it('a rule about a change gives no message for a new object', () => {
    expect(said(fields({ a: NUMBER }), [{ rule: 'self.a == oldSelf.a', message: 'm' }], { a: 1 })).toEqual([]);
  });

  it('a rule that cannot be evaluated refuses the object as the API server does', () => {
    expect(said(fields({ a: NUMBER }), [{ rule: 'self.b == 1', message: 'b is off' }], { a: 1 })).toEqual([
      expect.stringMatching(/^spec: .*b.* evaluating rule: b is off$/),
    ]);
  });

  it('a rule that is not CEL throws', () => {
    expect(() => said(TEXT, [{ rule: 'self ==', message: 'm' }], 'x')).toThrow();
  });

  it.each<[string, RuleSchema, string, unknown]>([
    ['the default of a field', fields({ a: { ...NUMBER, default: 1 } }), 'self.a == 1', {}],
    [
      'the default of a field below a default',
      fields({ o: { ...fields({ a: { ...NUMBER, default: 1 } }), default: {} } }),
      'self.o.a == 1',
      {},
    ],
    ['no default over a value', fields({ a: { ...NUMBER, default: 1 } }), 'self.a == 2', { a: 2 }],
    ['null as absent', fields({ a: NUMBER }), '!has(self.a)', { a: null }],
    ['null as the default', fields({ a: { ...NUMBER, default: 1 } }), 'self.a == 1', { a: null }],
    ['the entries of a map', { type: 'object', additionalProperties: NUMBER }, "self['x'] + 1 == 3", { x: 2 }],
    ['the elements of a list', { type: 'array', items: NUMBER }, 'self.sum() == 6 && [].sum() == 0', [1, 2, 3]],
    [
      'a field with a name of CEL as Kubernetes escapes it',
      fields({ namespace: TEXT }),
      'has(self.__namespace__)',
      { namespace: 'x' },
    ],
    ['nothing that the prototype has', fields({ toString: TEXT }), '!has(self.toString)', {}],
    ['bytes, not characters', TEXT, 'size(bytes(self)) == 4 && size(self) == 1', '\u{1f41f}'],
    ['classes of characters as RE2 has them', TEXT, "!self.matches('^[^[:cntrl:]]+$')", 'a\u0001'],
    ['a text as a duration', TEXT, "duration(self) == duration('90m')", '1h30m'],
  ])('a rule sees %s', (_, schema, rule, value) => {
    expect(said(schema, [{ rule, message: 'not so' }], value)).toEqual([]);
  });
});
