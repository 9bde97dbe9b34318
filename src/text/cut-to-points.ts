/**
 * At most `max` code points of a text, the cut shown by `...`: as CEL expressions of the API server count. `oneLine`
 * counts UTF-16 units.
 */
export function cutToPoints(text: string, max: number): string {
  const points = Array.from(text);
  return points.length <= max ? text : `${points.slice(0, max - 3).join('')}...`;
}
