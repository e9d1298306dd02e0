import type { Logger } from 'pino';
import { paths, type Problem } from '../../contract/index.ts';
import { ServiceError } from '../../errors.ts';
import { httpStatuses } from './http-statuses.ts';
import { stringifyJson } from '../../protocol/json.ts';
import { traced } from '../../logging/logger.ts';
import type { ExchangeResponse } from '../exchange.ts';

/** The request that failed, for the log. */
export interface FailedRequest {
  readonly method: string;
  readonly path: string;
  readonly requestId: string;
  /** Undefined if requests are not traced. */
  readonly traceId?: string | undefined;
}

/**
 * Returns the response to a request that failed: `application/problem+json` (RFC 9457), or below /v2 the body of the
 * Open Inference Protocol. A stack trace goes to the log, never to the client.
 */
export function errorResponse(
  error: unknown,
  { method, path, requestId, traceId }: FailedRequest,
  logger: Logger,
): ExchangeResponse {
  if (!(error instanceof ServiceError)) {
    logger.error({ err: error, method, path, request_id: requestId, ...traced(traceId) }, 'internal error');
    return problem(path, {
      type: 'urn:problem-type:rhizome:internal-error',
      title: 'Internal error',
      status: 500,
      detail: 'The request failed because of an error in the service. Its log has the reason under this request id.',
    });
  }
  // Under overload, thousands of requests per second are refused for the same reason.
  if (error.code !== 'overloaded') return problemOf(error, path);
  const known = isInference(path) ? inferenceRefusals : refusals;
  let response = known.get(error);
  if (response === undefined) known.set(error, (response = problemOf(error, path)));
  return response;
}

const refusals = new WeakMap<ServiceError, ExchangeResponse>();
const inferenceRefusals = new WeakMap<ServiceError, ExchangeResponse>();

function problemOf(error: ServiceError, path: string): ExchangeResponse {
  const { code, message: detail, issues: errors } = error;
  const { status, title, headers } = httpStatuses[code];
  return problem(
    path,
    { type: `urn:problem-type:rhizome:${code}`, title, status, detail, ...(errors.length > 0 && { errors }) },
    headers?.(error),
  );
}

function isInference(path: string): boolean {
  return path === paths.inference || path.startsWith(`${paths.inference}/`);
}

function problem(path: string, body: Problem, headers: Readonly<Record<string, string>> = {}): ExchangeResponse {
  const inference = isInference(path);
  return {
    status: body.status,
    headers: [
      'Content-Type',
      inference ? 'application/json' : 'application/problem+json',
      ...Object.entries(headers).flat(),
    ],
    body: inference ? JSON.stringify({ error: body.detail }) : stringifyJson(body),
  };
}
