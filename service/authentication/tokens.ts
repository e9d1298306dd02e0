import type { TokenAlgorithm } from '../contract/token-settings.ts';
import { ServiceError } from '../errors.ts';
import { Access, invalidToken } from './access.ts';
import { bearerOf, isOneOf } from './api-key.ts';
import type { KeyServer } from './key-server.ts';
import { canVerify, type TokenKey } from './key-set.ts';

/** What tokens must be like. */
export interface TokenRules {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: readonly TokenAlgorithm[];
  /** By how much the clocks of the issuer and of this machine may differ. */
  readonly leewaySeconds: number;
}

/** Longer ones are not tokens for this service, and not worth decoding. */
const LONGEST_HEADER = 8192;
/** How many verified tokens are remembered, twice: those used since the last exchange, and those before. */
const REMEMBERED = 512;

/** The claims that matter here; what they are is up to who made the token. */
interface Claims {
  readonly exp?: unknown;
  readonly nbf?: unknown;
  /** Of OAuth 2.0 (RFC 9068): scopes with spaces between them. */
  readonly scope?: unknown;
  /** The same at some issuers, as a text or as a list. */
  readonly scp?: unknown;
}

/**
 * Verifies JSON Web Tokens. A token that is valid is remembered until it expires, because checking a signature takes
 * longer than a small model.
 */
export class Tokens {
  readonly #rules: TokenRules;
  readonly #keys: KeyServer;
  readonly #now: () => number;
  #recent = new Map<string, Access>();
  #before = new Map<string, Access>();

  constructor(rules: TokenRules, keys: KeyServer, now: () => number = Date.now) {
    this.#rules = rules;
    this.#keys = keys;
    this.#now = now;
  }

  /**
   * Checks the header `Authorization: Bearer TOKEN`. Returns the access at once if the token is remembered; undefined
   * if it is one of the API keys, which allow everything.
   *
   * @param keys the valid API keys, one a line
   * @throws {ServiceError} `unauthorized` or `keys-unavailable`, at once or later
   */
  authenticate(keys: string | undefined, header: string | undefined): Access | undefined | Promise<Access> {
    const known = this.#remembered(header ?? '');
    if (known !== undefined) return known;
    const given = bearerOf(header);
    if (header === undefined || given === undefined) {
      throw new ServiceError(
        'unauthorized',
        'This service requires a token. Send the header "Authorization: Bearer TOKEN".',
      );
    }
    if (keys !== undefined && isOneOf(keys, given)) return undefined;
    if (header.length > LONGEST_HEADER) throw invalidToken(`it is longer than ${LONGEST_HEADER} characters`);
    return this.#verify(given).then((access) => {
      this.#remember(header, access);
      return access;
    });
  }

  #remembered(header: string): Access | undefined {
    let access = this.#recent.get(header);
    if (access === undefined) {
      access = this.#before.get(header);
      if (access !== undefined) this.#remember(header, access);
    }
    return access?.isValid(this.#now()) === true ? access : undefined;
  }

  #remember(header: string, access: Access): void {
    if (this.#recent.size >= REMEMBERED) {
      this.#before = this.#recent;
      this.#recent = new Map();
    }
    this.#recent.set(header, access);
  }

  async #verify(token: string): Promise<Access> {
    const { decode, verify } = await import('hono/jwt');
    const { algorithms, issuer, audience } = this.#rules;
    const { alg, kid, typ } = headerOf(decode, token);
    const algorithm = algorithms.find((allowed) => allowed === alg);
    if (algorithm === undefined) throw invalidToken(`its algorithm (alg) is not ${algorithms.join(' or ')}`);
    if (typeof kid !== 'string') throw invalidToken('it does not name its key (kid)');
    const key = await this.#keys.find(kid);
    if (key === undefined) throw invalidToken('its key (kid) is unknown');
    if (!canVerify(key, algorithm)) throw invalidToken('its key (kid) is not for its algorithm (alg)');
    let claims: Claims;
    try {
      claims = await verify(token, key.jwk, {
        alg: algorithm,
        iss: issuer,
        aud: audience,
        ...(typ !== undefined && { typ: ['JWT', 'at+jwt'] }),
        // Hono's own checks allow for no difference between clocks.
        ...{ exp: false, nbf: false, iat: false },
      });
    } catch (cause) {
      throw invalidToken(reasonOf(cause), cause);
    }
    return this.#accessOf(claims, key);
  }

  #accessOf({ exp, nbf, scope, scp }: Claims, key: TokenKey): Access {
    const now = this.#now();
    const leeway = this.#rules.leewaySeconds * 1000;
    // Without it, a token that leaks would be valid for ever.
    if (typeof exp !== 'number' || !Number.isFinite(exp)) throw invalidToken('it does not say when it expires (exp)');
    const until = exp * 1000 + leeway;
    if (until <= now) throw invalidToken('it has expired');
    if (nbf !== undefined && !(typeof nbf === 'number' && nbf * 1000 - leeway <= now))
      throw invalidToken('it is not valid yet (nbf)');
    return new Access(key, until, [...scopesIn(scope), ...scopesIn(scp)]);
  }
}

/** Of any type: a token may contain anything. */
interface Header {
  readonly alg?: unknown;
  readonly kid?: unknown;
  readonly typ?: unknown;
}

function headerOf(decode: (token: string) => { header: unknown }, token: string): Header {
  try {
    return Object(decode(token).header) as Header;
  } catch (cause) {
    throw invalidToken('it is not a JSON Web Token', cause);
  }
}

function scopesIn(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return claim.split(' ');
  return Array.isArray(claim) ? claim.filter((scope) => typeof scope === 'string') : [];
}

const reasons: Readonly<Record<string, string>> = {
  JwtTokenIssuer: 'its issuer (iss) is another one',
  JwtTokenAudience: 'it is for another audience (aud)',
  JwtPayloadRequiresAud: 'it is for no audience (aud)',
  JwtTokenSignatureMismatched: 'its signature is wrong',
};

const reasonOf = (error: unknown): string =>
  (error instanceof Error ? reasons[error.name] : undefined) ?? 'it cannot be verified';
