/**
 * What a terminal recording shows, as text: for people without scripts, for screen readers and for the search.
 * @param cast an asciicast v2
 */
export function transcriptOf(cast: string): string {
  const shown = cast
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line) as [number, string, string])
    .filter(([, code]) => code === 'o')
    .map(([, , data]) => data)
    .join('');
  const text = shown
    .replaceAll('\r\n', '\n')
    // eslint-disable-next-line no-control-regex -- a line that is written anew: what stood there is gone
    .replace(/[^\n]*\r?\u001b\[K/g, '')
    // eslint-disable-next-line no-control-regex -- control sequences are what is removed
    .replace(/\u001b\[[0-9;?]*[a-zA-Z]/g, '')
    .replaceAll('\r', '');
  return `\`\`\`console\n${text.trim()}\n\`\`\``;
}
