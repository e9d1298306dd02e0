/** The factor of each suffix of a quantity. */
export const scales = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
} as const;

/** A number with an exponent (`1e9`) or a suffix, never both: `1E` is 10^18. */
const pattern = /^\+?(\d+\.?\d*|\.\d+)([eE][+-]?\d+|[numkMGTPE]|[KMGTPE]i|)$/;

/**
 * Parses a Kubernetes quantity that is not negative: `'250m'` is 0.25, `'512Mi'` is 536870912. Returns undefined if it
 * is not a valid one.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function parseQuantity(quantity: string): number | undefined {
  const [, digits, suffix = ''] = pattern.exec(quantity) ?? [];
  if (digits === undefined) return undefined;
  return Object.hasOwn(scales, suffix)
    ? Number(digits) * scales[suffix as keyof typeof scales]
    : Number(`${digits}${suffix}`);
}
