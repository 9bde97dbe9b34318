import { isNativeError } from 'node:util/types';

/** Control, format (bidi marks), surrogate and line-separating characters: what breaks or forges a line of a log. */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu;

/** One printable line out of words that somebody else wrote. */
export function oneLine(words: string): string {
  return words.replace(unprintable, ' ').replace(/ {2,}/g, ' ').trim();
}

/** At most `maxBytes` bytes of UTF-8, cut between characters; the cut is shown by `...`. */
export function cutToBytes(words: string, maxBytes: number): string {
  const bytes = Buffer.from(words, 'utf8');
  if (bytes.length <= maxBytes) return words;
  let end = maxBytes - 3;
  // A continuation byte (10xxxxxx) at the cut means that the cut is inside a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${bytes.toString('utf8', 0, end)}...`;
}

/** Also true of an error that another realm made: under Jest all of Node's own errors are such. */
export function isError(thrown: unknown): thrown is Error {
  return thrown instanceof Error || isNativeError(thrown);
}

/** The words of anything that was thrown, never empty. */
export function errorMessage(error: unknown): string {
  if (!isError(error)) return oneLine(String(error)) || 'an empty error';
  // Node's connection attempts to several addresses fail as an AggregateError without a message.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : undefined;
  return oneLine(error.message || (isError(first) ? first.message : '')) || error.name;
}
