const TIMEOUT = /^(\d{1,8}) ?([HMSmun])$/;
const milliseconds: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** Parses the header `grpc-timeout` into milliseconds: Infinity without one, undefined if it is invalid. */
export function parseTimeout(header: string | undefined): number | undefined {
  if (header === undefined) return Infinity;
  const [, digits, unit = ''] = TIMEOUT.exec(header) ?? [];
  return digits === undefined ? undefined : Number(digits) * (milliseconds[unit] ?? 0);
}
