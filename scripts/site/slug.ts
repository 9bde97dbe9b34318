/**
 * The anchor of a heading as forges make it, so that a link with an anchor leads to the same place on a forge and on
 * the site. VitePress itself makes another where a heading begins with a number or has a colon.
 */
export function slugOf(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
    .replaceAll(' ', '-');
}
