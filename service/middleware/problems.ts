import type { Context, ErrorHandler } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Logger } from 'pino';
import { paths, type Problem } from '../contract/index.ts';
import { ServiceError } from '../errors.ts';
import { stringifyJson } from '../protocol/json.ts';
import { httpStatuses } from './http-statuses.ts';

/**
 * Responds to errors with `application/problem+json` (RFC 9457), or below /v2 with the Open Inference Protocol's body.
 * A stack trace goes to the log, never to the client.
 */
export function problems(logger: Logger): ErrorHandler {
  return (error, c) => {
    if (!(error instanceof ServiceError)) {
      logger.error(
        { err: error, method: c.req.method, path: c.req.path, request_id: c.get('requestId') },
        'internal error',
      );
      return problem(
        c,
        'internal-error',
        500,
        'Internal error',
        'The request failed because of an error in the service. Its log has the reason under this request id.',
      );
    }
    const { status, title, headers } = httpStatuses[error.code];
    return problem(c, error.code, status, title, error.message, error.issues, headers?.(error));
  };
}

function problem(
  c: Context,
  code: string,
  status: ContentfulStatusCode,
  title: string,
  detail: string,
  errors: ServiceError['issues'] = [],
  headers: Readonly<Record<string, string>> = {},
): Response {
  if (isInference(c.req.path))
    return c.body(JSON.stringify({ error: detail }), status, { 'Content-Type': 'application/json', ...headers });
  const body: Problem = {
    type: `urn:problem-type:rhizome:${code}`,
    title,
    status,
    detail,
    ...(errors.length > 0 && { errors }),
  };
  return c.body(stringifyJson(body), status, { 'Content-Type': 'application/problem+json', ...headers });
}

function isInference(path: string): boolean {
  return path === paths.inference || path.startsWith(`${paths.inference}/`);
}
