import { hasUser, httpUrl } from './http-url.ts';

/** Signatures that a public key verifies. With a shared secret, whoever can verify a token could also sign one. */
export const tokenAlgorithms = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA'] as const),
] as const;

export type TokenAlgorithm = (typeof tokenAlgorithms)[number];

/** Returns the algorithms in `RS256,ES256`; undefined if the list is empty, or if one of them is not allowed. */
export function parseAlgorithms(text: string): readonly TokenAlgorithm[] | undefined {
  const names = text.split(',').map((name) => name.trim());
  const known = names.flatMap((name) => tokenAlgorithms.find((algorithm) => algorithm === name) ?? []);
  return known.length === names.length ? known : undefined;
}

/**
 * Returns what the URL of the key server has to be; undefined if it may be used. Whoever can change the keys on their
 * way can sign tokens, so they come over TLS, or from this machine, unless `insecure` allows any http.
 */
export function expectedKeyUrl(text: string, insecure: boolean): string | undefined {
  const url = httpUrl(text);
  if (url === undefined) return 'a URL that begins with https://';
  if (hasUser(url)) return 'a URL without a user and a password';
  const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
  if (url.protocol === 'https:' || loopback || insecure) return undefined;
  return 'a URL that begins with https://, since whoever can change the keys on their way can sign tokens';
}
