import { expectedKeyUrl, expectedValue, tokenAlgorithms } from '../../../service/contract/index.ts';
import type { InvalidProp } from '../invalid-props-error.ts';
import type { JwtProps } from '../jwt-props.ts';
import type { ResolvedProps } from '../resolved-props.ts';
import { checkPort } from './numbers.ts';
import { checkReason } from './reasons.ts';

/** Checks what requests need: a key, a token, or nothing for a reason. */
export function* checkAuthentication({ unauthenticated, jwt }: ResolvedProps): Generator<InvalidProp> {
  if (unauthenticated !== undefined) {
    yield* checkReason('unauthenticated', unauthenticated);
    if (jwt !== undefined) {
      const reason = 'says that requests need nothing, but jwt says that they need a token';
      yield { prop: 'unauthenticated', value: unauthenticated, reason, fix: 'Remove one of the two.' };
    }
  }
  if (jwt !== undefined) yield* checkJwt(jwt);
}

function* checkJwt(jwt: JwtProps): Generator<InvalidProp> {
  for (const field of ['issuer', 'audience', 'jwksUrl'] as const) {
    const value = jwt[field] as string | undefined;
    if (value !== undefined && value.trim() !== '') continue;
    yield { prop: `jwt.${field}`, value, reason: 'is missing', fix: 'Set it: it has no default.' };
  }
  const { jwksUrl = '', jwksPodPort, insecureJwks = false, algorithms, leewaySeconds } = jwt as Partial<JwtProps>;
  const expected = jwksUrl === '' ? undefined : expectedKeyUrl(jwksUrl, insecureJwks);
  if (expected !== undefined)
    yield { prop: 'jwt.jwksUrl', value: jwksUrl, reason: 'is not a URL for keys', fix: `Use ${expected}.` };
  else if (jwksUrl.startsWith('http:') && !insecureJwks)
    yield {
      prop: 'jwt.jwksUrl',
      value: jwksUrl,
      reason: 'is in the pod itself, which has no key server',
      fix: 'Use the https URL of the key server.',
    };
  yield* checkPort('jwt.jwksPodPort', jwksPodPort);
  const allowed: readonly string[] = tokenAlgorithms;
  if (algorithms !== undefined && !(algorithms.length > 0 && algorithms.every((name) => allowed.includes(name)))) {
    const fix = `Use some of ${allowed.join(', ')}: whoever can verify another one could also sign.`;
    yield { prop: 'jwt.algorithms', value: algorithms, reason: 'are not algorithms with a public key', fix };
  }
  const leeway = leewaySeconds === undefined ? undefined : expectedValue('JWT_LEEWAY_SECONDS', String(leewaySeconds));
  if (leeway !== undefined)
    yield { prop: 'jwt.leewaySeconds', value: leewaySeconds, reason: 'is out of range', fix: `Use ${leeway}.` };
}
