import { ServiceError } from '../errors.ts';

const BEARER = /^Bearer +(\S+) *$/i;

/**
 * Checks the header `Authorization: Bearer KEY` (RFC 6750) against the expected key.
 *
 * @throws {ServiceError} `unauthorized`
 */
export function checkKey(expected: string | undefined, header: string | undefined): void {
  if (expected === undefined) return;
  const given = BEARER.exec(header ?? '')?.[1];
  if (given === undefined) {
    throw new ServiceError(
      'unauthorized',
      'This service requires an API key. Send the header "Authorization: Bearer KEY".',
    );
  }
  if (!equal(given, expected)) throw new ServiceError('unauthorized', 'The API key is wrong.');
}

/** Compares in constant time. Digests have the same length even if the texts do not. */
function equal(a: string, b: string): boolean {
  // Loaded with the first key: it takes as long as loading a small model.
  const { createHash, timingSafeEqual } = process.getBuiltinModule('node:crypto');
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}
