import { scopeOf } from '../authentication/access.ts';
import type { ErrorCode } from '../errors.ts';
import type { Json } from '../protocol/json-schemas.ts';

/** What requests may have. They need one of the two, if there is any. */
export interface Security {
  readonly apiKey: boolean;
  readonly token: boolean;
}

export const hasAny = ({ apiKey, token }: Security): boolean => apiKey || token;

/** Returns the security schemes. */
export function schemes({ apiKey, token }: Security): Json {
  return {
    ...(apiKey && { apiKey: { type: 'http', scheme: 'bearer' } }),
    ...(token && {
      token: {
        type: 'http',
        scheme: 'bearer',
        bearerFormat: 'JWT',
        description: 'To run a model, a token needs its scope, such as `predict:iris`, or `predict:*` for all models.',
      },
    }),
  };
}

/** Returns what a request needs: nothing, or one of a list. */
export const requirements = ({ apiKey, token }: Security, scopes: readonly string[] = []): readonly Json[] => [
  ...(apiKey ? [{ apiKey: [] }] : []),
  ...(token ? [{ token: scopes }] : []),
];

/** Returns the `security` of a route that runs a model, if it differs from that of others. */
export const runSecurity = (security: Security, model: string): Json =>
  security.token ? { security: requirements(security, [scopeOf(model)]) } : {};

export const securityErrors = (security: Security): readonly ErrorCode[] => [
  ...(hasAny(security) ? (['unauthorized'] as const) : []),
  ...(security.token ? (['keys-unavailable'] as const) : []),
];

export const runErrors = (security: Security): readonly ErrorCode[] => [
  ...securityErrors(security),
  ...(security.token ? (['forbidden'] as const) : []),
];
