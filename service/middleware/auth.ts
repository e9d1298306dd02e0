import { createHash, timingSafeEqual } from 'node:crypto';
import type { MiddlewareHandler } from 'hono';
import type { KeySource } from '../config/api-key.ts';
import { ServiceError } from '../errors.ts';

const BEARER = /^Bearer +(\S+) *$/i;

/** Lets requests pass that carry `Authorization: Bearer KEY` (RFC 6750), and all where there is no key. */
export function auth(key: KeySource): MiddlewareHandler {
  return async (c, next) => {
    checkKey(key(), c.req.header('Authorization'));
    await next();
  };
}

/** @throws ServiceError `unauthorized` where a key is expected and the header has none, or another. */
export function checkKey(expected: string | undefined, header: string | undefined): void {
  if (expected === undefined) return;
  const given = BEARER.exec(header ?? '')?.[1];
  if (given === undefined) {
    throw new ServiceError(
      'unauthorized',
      'This service needs an API key: send the header "Authorization: Bearer KEY".',
    );
  }
  if (!equal(given, expected)) throw new ServiceError('unauthorized', 'The API key is not the right one.');
}

/** In a time that tells nothing of the texts: digests have one length, whatever the texts' lengths are. */
function equal(a: string, b: string): boolean {
  return timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
}
