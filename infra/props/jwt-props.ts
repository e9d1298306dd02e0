import type { TokenAlgorithm } from '../../service/contract/index.ts';

/** Which JSON Web Tokens the service accepts. Its pods fetch the keys that verify them from a key server. */
export interface JwtProps {
  /** Who makes the tokens, exactly as in their claim `iss`: `https://login.example.com/`. */
  readonly issuer: string;

  /** Whom the tokens are for: a value of their claim `aud`. */
  readonly audience: string;

  /**
   * The https URL of the key set (JWKS) of the issuer. The NetworkPolicy lets the pods connect to it. In the cluster,
   * use a name that ends in `.svc`: `https://keys.login.svc/jwks`.
   */
  readonly jwksUrl: string;

  /**
   * The port of the key server's pods, if it is in the cluster: a NetworkPolicy sees this one, not the Service's.
   * @default the port in `jwksUrl`; without one there, every port of the key server's namespace
   */
  readonly jwksPodPort?: number;

  /**
   * Whether `jwksUrl` may begin with `http://`. Whoever can change the keys on their way can then sign tokens.
   * @default false
   */
  readonly insecureJwks?: boolean;

  /**
   * Algorithms that tokens may be signed with. Only those with a public key.
   * @default ['RS256', 'ES256'], the service's default
   */
  readonly algorithms?: readonly TokenAlgorithm[];

  /**
   * By how many seconds the issuer's clock may differ, 0 or more; at most 600.
   * @default 30, the service's default
   */
  readonly leewaySeconds?: number;
}
