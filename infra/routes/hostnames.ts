const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const hostname = new RegExp(`^(?=.{1,253}$)(\\*\\.)?${label}(\\.${label})*$`);

/** Returns whether Kubernetes accepts a name of a host: a DNS name, which may start with `*.`. */
export const isHostname = (value: unknown): boolean =>
  typeof value === 'string' && hostname.test(value) && !/^[\d.]+$/.test(value);

/** Returns whether a request may be for both names: `*.example.com` includes `iris.example.com`. */
export function overlap(one: string, other: string): boolean {
  if (one === other) return true;
  const includes = (wildcard: string, name: string): boolean =>
    wildcard.startsWith('*.') && name.endsWith(wildcard.slice(1)) && name !== wildcard.slice(1);
  return includes(one, other) || includes(other, one);
}
