import { describe, expect, it } from '@jest/globals';
import type { LabelSelector } from '../../../src/api/label-selector.ts';
import { selects, unmetTerm } from '../../../src/policy/selector.ts';

const expression = (operator: string, values?: string[], key = 'tier'): LabelSelector =>
  ({ matchExpressions: [{ key, operator, values }] }) as LabelSelector;

describe('selects', () => {
  it.each([
    ['an empty selector', {}, {}],
    ['empty parts', { matchLabels: {}, matchExpressions: [] }, {}],
    ['a label', { matchLabels: { tier: 'web' } }, { tier: 'web', more: '' }],
    ['an empty value', { matchLabels: { tier: '' } }, { tier: '' }],
    ['In', expression('In', ['web', 'db']), { tier: 'db' }],
    ['NotIn, another value', expression('NotIn', ['web']), { tier: 'db' }],
    ['NotIn, no label', expression('NotIn', ['web']), {}],
    ['Exists', expression('Exists'), { tier: '' }],
    ['DoesNotExist', expression('DoesNotExist'), { other: 'web' }],
    ['a label and an expression', { ...expression('Exists'), matchLabels: { a: 'b' } }, { tier: 'x', a: 'b' }],
    ['an expression about toString', expression('DoesNotExist', undefined, 'toString'), {}],
  ])('a selector matches labels: %s', (_, selector: LabelSelector, labels: Record<string, string>) => {
    expect(selects(selector, labels)).toBe(true);
  });

  it.each([
    ['a label that is not there', { matchLabels: { tier: 'web' } }, {}],
    ['another value', { matchLabels: { tier: 'web' } }, { tier: 'Web' }],
    ['one label of two', { matchLabels: { tier: 'web', team: 'shop' } }, { tier: 'web' }],
    ['In, another value', expression('In', ['web']), { tier: 'db' }],
    ['In, no label', expression('In', ['web']), {}],
    ['In of nothing', expression('In'), { tier: 'web' }],
    ['NotIn', expression('NotIn', ['web']), { tier: 'web' }],
    ['NotIn of nothing', expression('NotIn', []), { tier: 'web' }],
    ['Exists', expression('Exists'), {}],
    ['Exists with values', expression('Exists', ['web']), { tier: 'web' }],
    ['DoesNotExist', expression('DoesNotExist'), { tier: '' }],
    ['DoesNotExist with values', expression('DoesNotExist', ['web']), {}],
    ['an unknown operator', expression('Gt', ['1']), { tier: '2' }],
    ['one expression of two', { matchLabels: { tier: 'x' }, ...expression('NotIn', ['x']) }, { tier: 'x' }],
    ['a label that every object of JavaScript has', expression('Exists', undefined, 'toString'), {}],
    ['a value that every object has', { matchLabels: { constructor: 'Object' } }, {}],
  ])('a selector does not match labels: %s', (_, selector: LabelSelector, labels: Record<string, string>) => {
    expect(selects(selector, labels)).toBe(false);
  });
});

describe('unmetTerm', () => {
  it.each<[LabelSelector, Record<string, string>, string | undefined]>([
    [{}, {}, undefined],
    [{ matchLabels: { team: 'shop', env: 'production' } }, {}, 'env=production'],
    [{ matchLabels: { team: 'shop', env: 'production' } }, { env: 'production' }, 'team=shop'],
    [{ matchLabels: { '\u{1f600}': 'x', '\ufb00': 'y' } }, {}, '\ufb00=y'],
    [{ ...expression('In', ['web', 'db']), matchLabels: { env: 'test' } }, { env: 'test' }, 'tier In (web, db)'],
    [expression('DoesNotExist'), { tier: 'web' }, 'tier DoesNotExist'],
  ])('unmetTerm names one term of the selector %j that the labels %j do not satisfy', (selector, labels, term) => {
    expect(unmetTerm(selector, labels)).toBe(term);
  });
});
