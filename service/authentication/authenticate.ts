import type { KeySource } from '../config/api-key.ts';
import type { Access } from './access.ts';
import { checkKey } from './api-key.ts';
import type { Tokens } from './tokens.ts';

/** What requests need. */
export interface Authentication {
  readonly apiKey: KeySource;
  /** Verifies tokens; undefined if the service accepts none. */
  readonly tokens?: Tokens | undefined;
}

/**
 * Checks the header `Authorization` of a request. Returns what its token allows; undefined if it may do everything. A
 * promise only if a token is new: a request waits neither with an API key, nor with a token that is known.
 *
 * @throws {ServiceError} `unauthorized` or `keys-unavailable`, at once or later
 */
export function authenticate(
  { apiKey, tokens }: Authentication,
  header: string | undefined,
): Access | undefined | Promise<Access> {
  if (tokens !== undefined) return tokens.authenticate(apiKey(), header);
  checkKey(apiKey(), header);
  return undefined;
}
