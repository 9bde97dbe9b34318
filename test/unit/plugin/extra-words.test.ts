import { describe, expect, it } from '@jest/globals';
import { refuseExtraWords } from '../../../src/plugin/extra-words.ts';

const VERBS = ['start', 'attach', 'end', 'rm', 'ls', 'show', 'logs', 'again'];
const refuse = (...words: string[]) => refuseExtraWords(words, VERBS);

describe('the words of a start', () => {
  it('a start takes its target, or none', () => {
    expect(() => refuse()).not.toThrow();
    expect(() => refuse('web')).not.toThrow();
    expect(() => refuse('stop')).not.toThrow();
  });

  it.each([
    [['stop', 'web-4x8kq'], 'there is no verb "stop": did you mean kubectl dbg end web-4x8kq?'],
    [['delete', 'web-4x8kq'], 'there is no verb "delete": did you mean kubectl dbg rm web-4x8kq?'],
    [['shwo', 'web-4x8kq'], 'there is no verb "shwo": did you mean kubectl dbg show web-4x8kq?'],
  ])('the refusal of %j names the verb that was meant', (words, message) => {
    expect(() => refuse(...words)).toThrow(message);
  });

  it('the refusal of a command without -- shows where the -- goes', () => {
    expect(() => refuse('checkout-7d9f', 'ss', '-tlnp')).toThrow(
      'a start has one target, and "ss" is a word more: a command goes behind --, as in kubectl dbg checkout-7d9f -- ss -tlnp',
    );
  });

  it('words that every object has are no verbs', () => {
    expect(() => refuse('constructor', 'x')).toThrow('a start has one target');
  });
});
