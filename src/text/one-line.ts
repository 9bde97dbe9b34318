/**
 * Control, format (bidi marks and the like), surrogate and line-separating characters: what could forge or break a line
 * of a terminal or a log.
 */
export const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu;

/**
 * One printable line out of text that a user, a kubelet or a server wrote; at most `max` characters, the cut shown by
 * `...`. Everything that goes into conditions, events and logs and was not written by us passes through here.
 */
export function oneLine(text: string, max = Infinity): string {
  const line = text.replace(UNPRINTABLE, ' ').replace(/ {2,}/g, ' ').trim();
  return line.length <= max ? line : `${line.slice(0, max - 3).replace(/[\uD800-\uDBFF]$/, '')}...`;
}
