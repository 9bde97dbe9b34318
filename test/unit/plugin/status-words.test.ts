import { describe, expect, it } from '@jest/globals';
import { refusalOf } from '../../../src/plugin/refusal-words.ts';
import { statusWords } from '../../../src/plugin/status-words.ts';

const status = (more: object): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'Status', metadata: {}, status: 'Failure', ...more });

describe('statusWords', () => {
  it('statusWords gives the words of kubectl for a refusal', () => {
    const body = status({ reason: 'NotFound', message: 'pods "web" not found', code: 404 });
    expect(statusWords(body)).toBe('Error from server (NotFound): pods "web" not found');
  });

  it('statusWords names every field of an invalid object once', () => {
    const cause = { reason: 'FieldValueInvalid', field: 'spec.ttl', message: 'Invalid value: must be more than 0' };
    const details = { kind: 'DebugSession', name: 'web', causes: [cause, cause, { ...cause, field: 'spec.image' }] };
    const words = statusWords(status({ reason: 'Invalid', message: 'much', details })) ?? '';
    expect(refusalOf(words, 1).lines).toEqual([
      'spec.ttl: Invalid value: must be more than 0',
      'spec.image: Invalid value: must be more than 0',
    ]);
  });

  it('statusWords gives the message of an invalid object without causes', () => {
    expect(statusWords(status({ reason: 'Invalid', message: 'much', details: { causes: 'x' } }))).toBe(
      'The request is invalid: much',
    );
  });

  it.each([
    ['text', '404 page not found\n'],
    ['another object', '{"kind":"Pod","message":"m","reason":"r"}'],
    ['a status without words', status({ code: 500 })],
    ['words that are none', status({ reason: 7, message: {} })],
    ['null', 'null'],
  ])('statusWords leaves what is no refusal to kubectl: %s', (_, body) => {
    expect(statusWords(body)).toBeUndefined();
  });

  it('a hostile message stays on printable lines of text', () => {
    const message = 'no\u001b[2J\r\nerror: forged\u202e';
    const { kind, lines } = refusalOf(statusWords(status({ reason: 'Forbidden', message })) ?? '', 1);
    expect(kind).toBe('Forbidden');
    // eslint-disable-next-line no-control-regex -- what must not be there
    expect(lines.join('')).not.toMatch(/[\u0000-\u001f\u202e]/);
  });
});
