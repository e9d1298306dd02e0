import type { InvalidProp } from '../props/invalid-props-error.ts';

const label = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const hostname = new RegExp(`^(?=.{1,253}$)(\\*\\.)?${label}(\\.${label})*$`);

/** Returns whether Kubernetes accepts a name of a host: a DNS name, which may start with `*.`. */
export const isHostname = (value: unknown): boolean =>
  typeof value === 'string' && hostname.test(value) && !/^[\d.]+$/.test(value);

/** Checks the names in one prop. */
export function* checkHostnames(prop: string, hostnames: readonly string[]): Generator<InvalidProp> {
  for (const [index, value] of hostnames.entries()) {
    if (isHostname(value)) continue;
    const fix = "Use a name in lower case without a port, such as 'iris.example.com' or '*.example.com'.";
    yield { prop: `${prop}.${index}`, value, reason: 'is not a name of a host', fix };
  }
}

/** Returns whether a request may be for both names: `*.example.com` includes `iris.example.com`. */
export function overlap(one: string, other: string): boolean {
  if (one === other) return true;
  const includes = (wildcard: string, name: string): boolean =>
    wildcard.startsWith('*.') && name.endsWith(wildcard.slice(1)) && name !== wildcard.slice(1);
  return includes(one, other) || includes(other, one);
}
