import type { Context, ErrorHandler } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Logger } from 'pino';
import { paths, type Problem } from '../contract/index.ts';
import { ServiceError, type ErrorCode } from '../errors.ts';
import { stringifyJson } from '../protocol/json.ts';

interface Rendering {
  readonly status: ContentfulStatusCode;
  readonly title: string;
  readonly headers?: (error: ServiceError) => Readonly<Record<string, string>>;
}

/** The only place where an error becomes a status. */
const renderings: Readonly<Record<ErrorCode, Rendering>> = {
  'incomplete-body': { status: 400, title: 'Incomplete body' },
  'invalid-json': { status: 400, title: 'Malformed JSON' },
  unauthorized: { status: 401, title: 'Unauthorized', headers: () => ({ 'WWW-Authenticate': 'Bearer' }) },
  'route-not-found': { status: 404, title: 'Not found' },
  'model-not-found': { status: 404, title: 'Model not found' },
  'method-not-allowed': {
    status: 405,
    title: 'Method not allowed',
    headers: ({ allow }) => ({ Allow: allow.join(', ') }),
  },
  // Without `Connection: close`, or Node would reset the connection under a client that is still sending, before it has
  // read the answer; @hono/node-server takes in what is left, within limits of its own.
  'body-too-large': { status: 413, title: 'Body too large' },
  'unsupported-media-type': {
    status: 415,
    title: 'Unsupported media type',
    headers: () => ({ Accept: 'application/json' }),
  },
  'invalid-input': { status: 422, title: 'Invalid input' },
  'model-not-ready': { status: 503, title: 'Model not ready', headers: () => ({ 'Retry-After': '1' }) },
  'shutting-down': {
    status: 503,
    title: 'Shutting down',
    headers: () => ({ 'Retry-After': '1', Connection: 'close' }),
  },
  // Without `Retry-After`: a request that took too long would take as long again, and make the load worse.
  timeout: { status: 504, title: 'Timed out' },
};

/**
 * Answers errors as `application/problem+json` (RFC 9457), and below /v2 as the Open Inference Protocol has them. A stack trace goes to
 * the log, never to the client.
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
        'The request could not be answered. The log has the reason, under the request id.',
      );
    }
    const { status, title, headers } = renderings[error.code];
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
