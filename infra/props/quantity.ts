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

const pattern = /^(\d+(?:\.\d+)?)([numkMGTPE]|[KMGTPE]i|)$/;

/**
 * Parses a Kubernetes quantity: `'250m'` is 0.25, `'512Mi'` is 536870912. Returns undefined if it is not a valid one.
 * Signs and exponents (`1e3`), which Kubernetes allows, are not accepted, because they are easily misread.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 */
export function parseQuantity(quantity: string): number | undefined {
  const [, digits, suffix] = pattern.exec(quantity) ?? [];
  return digits === undefined ? undefined : Number(digits) * scales[suffix as keyof typeof scales];
}
