import { ServiceError } from '../errors.ts';

const BEARER = /^Bearer +(\S+) *$/i;

/**
 * Checks the header `Authorization: Bearer KEY` (RFC 6750) against the valid keys.
 *
 * @param valid one key a line: while keys are rotated, there are two
 * @throws {ServiceError} `unauthorized`
 */
export function checkKey(valid: string | undefined, header: string | undefined): void {
  if (valid === undefined) return;
  const given = bearerOf(header);
  if (given === undefined) {
    throw new ServiceError(
      'unauthorized',
      'This service requires an API key. Send the header "Authorization: Bearer KEY".',
    );
  }
  if (!isOneOf(valid, given)) throw new ServiceError('unauthorized', 'The API key is wrong.');
}

/** Returns what follows `Bearer`; undefined if nothing does. */
export const bearerOf = (header: string | undefined): string | undefined => BEARER.exec(header ?? '')?.[1];

/** The digests of the keys that were valid last. */
let known: { readonly keys: string; readonly digests: readonly Buffer[] } | undefined;

/** Compares in constant time. Digests have the same length even if the texts do not. */
export function isOneOf(keys: string, given: string): boolean {
  // Loaded with the first key: it takes as long as loading a small model.
  const { createHash, timingSafeEqual } = process.getBuiltinModule('node:crypto');
  const digest = (key: string): Buffer => createHash('sha256').update(key).digest();
  if (known?.keys !== keys) known = { keys, digests: keys.split('\n').map((key) => digest(key.trim())) };
  const sent = digest(given);
  let found = false;
  for (const each of known.digests) found = timingSafeEqual(each, sent) || found;
  return found;
}
