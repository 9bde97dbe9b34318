/** Powers of ten and of two by the suffixes of Kubernetes (apimachinery, pkg/api/resource/suffix.go). */
const FACTORS: Readonly<Record<string, number>> = {
  ...{ n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
};

/**
 * The value of a Kubernetes quantity such as `64Mi`, `250m` or `1e3`, in its base unit (bytes, cores). A double is
 * exact enough to compare and to show. Undefined: it is no quantity.
 */
export function parseQuantity(text: unknown): number | undefined {
  if (typeof text !== 'string' && typeof text !== 'number') return undefined;
  const parts = /^([+-]?(?:\d+\.?\d*|\.\d+))([eE][+-]?\d+)?([A-Za-z]*)$/.exec(String(text));
  const factor = FACTORS[parts?.[3] ?? ''];
  if (parts === null || factor === undefined || (parts[2] !== undefined && parts[3] !== '')) return undefined;
  const value = Number(`${parts[1]}${parts[2] ?? ''}`) * factor;
  return Number.isFinite(value) ? value : undefined;
}
