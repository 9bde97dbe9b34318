/** Words of PromQL that look like a metric and are none. Functions and aggregations are known by their parenthesis. */
const WORDS = new Set(['and', 'or', 'unless', 'bool', 'offset', 'inf', 'nan', 'start', 'end']);

/** Label lists: `by (le, phase)`, `on (instance)`. */
const LABEL_LISTS = /\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g;

/**
 * The metrics that a query reads. Not a parser: enough for queries without `__name__` matchers; promtool says whether
 * the query is right.
 */
export function metricsOf(query: string): string[] {
  const bare = query
    .replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '')
    .replace(/\{[^}]*\}/g, ' ')
    .replace(/\[[^\]]*\]/g, ' ')
    .replace(LABEL_LISTS, ' ')
    .replace(/\b(by|without|group_left|group_right)\b/g, ' ');
  const names = [...bare.matchAll(/(?<![\w:$.])([a-zA-Z_:][\w:]*)(?!\s*\()(?![\w:])/g)].map((match) => match[1] ?? '');
  return [...new Set(names.filter((name) => !WORDS.has(name.toLowerCase())))];
}
