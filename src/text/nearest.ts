/**
 * Edits (insert, delete, replace one character) that turn `from` into `to`: the Levenshtein distance, one row at a
 * time.
 */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}

/**
 * The known word that is closest to a mistyped one; undefined where nothing is alike (more than half of it would have
 * to change).
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  // Longer than any word worth comparing; keeps the work small on hostile input.
  if (word.length > 100) return undefined;
  let best: { word: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(word, candidate);
    if (distance * 2 > Math.max(word.length, candidate.length)) continue;
    if (best === undefined || distance < best.distance) best = { word: candidate, distance };
  }
  return best?.word;
}
