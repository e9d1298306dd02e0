import type { webcrypto } from 'node:crypto';
import type { TokenAlgorithm } from '../contract/token-settings.ts';
import { readText } from '../response-text.ts';

/** A public key of the key server. */
export interface TokenKey {
  readonly id: string;
  readonly jwk: PublicJwk;
  /** The key as text, to notice a change. */
  readonly text: string;
  /** Whether the key server no longer has it: then no token of it is valid. */
  retired: boolean;
}

interface PublicJwk extends webcrypto.JsonWebKey {
  readonly kid: string;
}

/** Key sets are a few kilobytes. */
const MOST_BYTES = 256 * 1024;
const MOST_KEYS = 100;
/** An RSA key of 2,048 bits has a modulus of 256 bytes, in base64 without padding. */
const LEAST_MODULUS = 342;
const KEY_TYPES: Readonly<Record<string, RegExp>> = { RSA: /^[RP]S/, EC: /^ES/, OKP: /^EdDSA$/ };

/**
 * Fetches the key set (RFC 7517) of a key server: what in it can verify one of the algorithms, by key id.
 *
 * @param stop ends the attempt early
 * @throws {Error} if the server does not respond in time, or with something else than a key set
 */
export async function fetchKeySet(
  url: string,
  algorithms: readonly TokenAlgorithm[],
  timeoutMilliseconds: number,
  stop: AbortSignal,
): Promise<ReadonlyMap<string, TokenKey>> {
  const response = await fetch(url, {
    headers: { accept: 'application/json' },
    // A key server that is trusted over TLS could otherwise lead to another one over http.
    redirect: 'error',
    signal: AbortSignal.any([stop, AbortSignal.timeout(timeoutMilliseconds)]),
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`The key server responded with ${response.status}.`);
  }
  const text = await readText(response, MOST_BYTES, `The key set is larger than ${MOST_BYTES} bytes.`);
  return readKeySet(text, algorithms);
}

function readKeySet(text: string, algorithms: readonly TokenAlgorithm[]): ReadonlyMap<string, TokenKey> {
  let set: unknown;
  try {
    set = JSON.parse(text);
  } catch (cause) {
    throw new Error('The key set is not JSON.', { cause });
  }
  const keys = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : undefined;
  if (!Array.isArray(keys)) throw new Error('The key set has no list "keys".');
  if (keys.length > MOST_KEYS) throw new Error(`The key set has ${keys.length} keys, more than ${MOST_KEYS}.`);
  const usable = keys.filter((key): key is PublicJwk => isUsable(key, algorithms));
  return new Map(usable.map((jwk) => [jwk.kid, { id: jwk.kid, jwk, text: JSON.stringify(jwk), retired: false }]));
}

function isUsable(key: unknown, algorithms: readonly TokenAlgorithm[]): boolean {
  if (typeof key !== 'object' || key === null) return false;
  const { kty, kid, alg, use, n } = key as Readonly<Record<string, unknown>>;
  const verifies = KEY_TYPES[String(kty)];
  if (typeof kid !== 'string' || verifies === undefined || use === 'enc') return false;
  if (kty === 'RSA' && !(typeof n === 'string' && n.length >= LEAST_MODULUS)) return false;
  return algorithms.some((algorithm) => verifies.test(algorithm) && (alg === undefined || alg === algorithm));
}

/** Returns whether a key can verify an algorithm. A token must not choose how its signature is checked. */
export function canVerify({ jwk }: TokenKey, algorithm: string): boolean {
  return KEY_TYPES[String(jwk.kty)]?.test(algorithm) === true && (jwk.alg === undefined || jwk.alg === algorithm);
}
