import { ServiceError } from '../errors.ts';
import type { TokenKey } from './key-set.ts';

/** A scope gives access to one model, `predict:iris`, or to all of them. */
const PREFIX = 'predict:';
const EVERY_MODEL = `${PREFIX}*`;

/** Returns the scope that runs a model. Characters that a scope cannot have are encoded as in a URL. */
export const scopeOf = (model: string): string => PREFIX + encodeURIComponent(model);

/** What a verified token allows, for as long as it is valid. */
export class Access {
  readonly #key: TokenKey;
  readonly #until: number;
  readonly #scopes: ReadonlySet<string>;

  /** @param until in milliseconds since 1970 */
  constructor(key: TokenKey, until: number, scopes: Iterable<string>) {
    this.#key = key;
    this.#until = until;
    this.#scopes = new Set([...scopes].filter((scope) => scope.startsWith(PREFIX)));
  }

  /** Whether the token has not expired, and its key is still one of the key server's. */
  isValid(now: number): boolean {
    return now < this.#until && !this.#key.retired;
  }

  /** @throws {ServiceError} `unauthorized` if the token has expired, or its key has been withdrawn */
  check(now: number): void {
    if (!this.isValid(now)) throw invalidToken(now < this.#until ? 'its key has been withdrawn' : 'it has expired');
  }

  /** @throws {ServiceError} `forbidden` if the token does not allow to run the model */
  require(model: string): void {
    if (this.#scopes.has(EVERY_MODEL)) return;
    const scope = scopeOf(model);
    if (this.#scopes.has(scope)) return;
    throw new ServiceError(
      'forbidden',
      `The token does not allow to run the model '${model}'. It needs the scope "${scope}" or "${EVERY_MODEL}".`,
      { challenge: `error="insufficient_scope", scope="${scope}"` },
    );
  }
}

/** @param reason a part of a sentence: `it has expired` */
export function invalidToken(reason: string, cause?: unknown): ServiceError {
  return new ServiceError('unauthorized', `The token is not valid: ${reason}.`, {
    challenge: 'error="invalid_token"',
    cause,
  });
}
