import { expectedKeyUrl, parseAlgorithms, tokenAlgorithms, type VariableName } from '../contract/index.ts';
import type { TokenAlgorithm } from '../contract/index.ts';

/** Which tokens the service accepts. */
export interface TokenConfig {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: string;
  readonly algorithms: readonly TokenAlgorithm[];
  readonly leewaySeconds: number;
}

const together = ['JWT_ISSUER', 'JWT_AUDIENCE', 'JWT_JWKS_URL'] as const;

/**
 * Reads the settings of tokens. Undefined if there are none, or if they have a problem.
 *
 * @param raw returns the value of a variable, or its default
 * @param check reports a value that is not as expected
 */
export function readTokenConfig(
  raw: (name: VariableName) => string,
  check: (name: VariableName, fine: boolean, expected: string) => void,
): TokenConfig | undefined {
  const missing = together.filter((name) => raw(name) === '');
  if (missing.length === together.length) return undefined;
  for (const name of missing) check(name, false, `a value, since ${present(missing)} is set`);
  const url = raw('JWT_JWKS_URL');
  const expected = url === '' ? undefined : expectedKeyUrl(url, raw('JWT_JWKS_INSECURE') === 'true');
  check('JWT_JWKS_URL', expected === undefined, expected ?? '');
  const algorithms = parseAlgorithms(raw('JWT_ALGORITHMS'));
  check('JWT_ALGORITHMS', algorithms !== undefined, `some of ${tokenAlgorithms.join(',')}`);
  if (missing.length > 0 || expected !== undefined || algorithms === undefined) return undefined;
  return {
    issuer: raw('JWT_ISSUER'),
    audience: raw('JWT_AUDIENCE'),
    jwksUrl: url,
    algorithms,
    leewaySeconds: Number(raw('JWT_LEEWAY_SECONDS')),
  };
}

const present = (missing: readonly string[]): string =>
  together.filter((name) => !missing.includes(name)).join(' and ');
