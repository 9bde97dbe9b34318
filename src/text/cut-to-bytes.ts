/** At most `maxBytes` bytes of UTF-8, cut between characters; the cut is shown by `...`. */
export function cutToBytes(words: string, maxBytes: number): string {
  const bytes = Buffer.from(words, 'utf8');
  if (bytes.length <= maxBytes) return words;
  let end = maxBytes - 3;
  // A continuation byte (10xxxxxx) at the cut means that the cut is inside a character.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${bytes.toString('utf8', 0, end)}...`;
}
