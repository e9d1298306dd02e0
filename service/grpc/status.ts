import type { Logger } from 'pino';
import { ServiceError, type ErrorCode } from '../errors.ts';
import { truncate } from '../inference/format-value.ts';
import { traced } from '../logging/logger.ts';
import type { Status, StatusName } from './http2/status-codes.ts';

/** The only place that maps errors to gRPC statuses. `exchange/http-statuses.ts` does so for HTTP. */
const statuses: Readonly<Record<ErrorCode, StatusName>> = {
  'incomplete-body': 'INVALID_ARGUMENT',
  'invalid-json': 'INVALID_ARGUMENT',
  'invalid-input': 'INVALID_ARGUMENT',
  'invalid-compression': 'INVALID_ARGUMENT',
  'invalid-multipart': 'INVALID_ARGUMENT',
  'unsupported-media-type': 'INVALID_ARGUMENT',
  'unsupported-encoding': 'INVALID_ARGUMENT',
  unauthorized: 'UNAUTHENTICATED',
  forbidden: 'PERMISSION_DENIED',
  'model-not-found': 'NOT_FOUND',
  'route-not-found': 'UNIMPLEMENTED',
  'method-not-allowed': 'UNIMPLEMENTED',
  'body-too-large': 'RESOURCE_EXHAUSTED',
  overloaded: 'RESOURCE_EXHAUSTED',
  timeout: 'DEADLINE_EXCEEDED',
  'model-not-ready': 'UNAVAILABLE',
  'model-restarting': 'UNAVAILABLE',
  'shutting-down': 'UNAVAILABLE',
  'keys-unavailable': 'UNAVAILABLE',
};

/** The message is sent in a header, of which clients accept 8 KiB; a character may take nine bytes there. */
const LONGEST_MESSAGE = 500;

/** Converts an error for the client, and logs one that is the service's own fault. @param request for the log */
export function statusOfFailure(
  error: unknown,
  {
    path,
    requestId,
    traceId,
  }: { readonly path: string; readonly requestId: string; readonly traceId: string | undefined },
  logger: Logger,
): Status {
  if (!(error instanceof ServiceError))
    logger.error({ err: error, path, request_id: requestId, ...traced(traceId) }, 'internal error');
  return statusOf(error);
}

/** Converts an error for the client. Details of an unknown error only go to the log. */
function statusOf(error: unknown): Status {
  if (!(error instanceof ServiceError)) {
    return {
      code: 'INTERNAL',
      message: 'The request failed because of an error in the service. Its log has the reason under this request id.',
    };
  }
  const issues = error.issues.map(({ pointer, detail }) => ` ${pointer}: ${detail}`);
  return { code: statuses[error.code], message: truncate(error.message + issues.join(''), LONGEST_MESSAGE) };
}
