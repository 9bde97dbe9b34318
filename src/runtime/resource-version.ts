/**
 * Orders two resourceVersions of one resource: negative, zero or positive, as in a sort.
 * They are decimal integers without leading zeros by contract since Kubernetes 1.35 (KEP-5504), and have always been
 * in practice; they may be larger than a JavaScript number holds exactly, so digits are compared.
 */
export function compareResourceVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The later of the two. */
export function latestResourceVersion(a: string, b: string): string {
  return compareResourceVersions(a, b) >= 0 ? a : b;
}
