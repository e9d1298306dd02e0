import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ErrorCode, ServiceError } from '../../errors.ts';
import { SUPPORTED_ENCODINGS } from '../encodings.ts';

export interface HttpStatus {
  readonly status: ContentfulStatusCode;
  /** Also the description of the response in the OpenAPI document. */
  readonly title: string;
  readonly headers?: (error: ServiceError) => Readonly<Record<string, string>>;
}

/** The only place that maps errors to HTTP statuses. `grpc/status.ts` does so for gRPC. */
export const httpStatuses: Readonly<Record<ErrorCode, HttpStatus>> = {
  'incomplete-body': { status: 400, title: 'Incomplete body' },
  'invalid-json': { status: 400, title: 'Malformed JSON' },
  'invalid-compression': { status: 400, title: 'Invalid compression' },
  'invalid-multipart': { status: 400, title: 'Malformed form' },
  unauthorized: { status: 401, title: 'Unauthorized', headers: challenge },
  forbidden: { status: 403, title: 'Forbidden', headers: challenge },
  'route-not-found': { status: 404, title: 'Not found' },
  'model-not-found': { status: 404, title: 'Model not found' },
  'method-not-allowed': {
    status: 405,
    title: 'Method not allowed',
    headers: ({ allow }) => ({ Allow: allow.join(', ') }),
  },
  // Without `Connection: close`: Node would reset the connection of a client that is still sending, before the client
  // has read the response. The rest of the body is discarded.
  'body-too-large': { status: 413, title: 'Body too large' },
  'unsupported-media-type': {
    status: 415,
    title: 'Unsupported media type',
    headers: () => ({ Accept: 'application/json' }),
  },
  // RFC 7694, section 3.
  'unsupported-encoding': {
    status: 415,
    title: 'Unsupported encoding',
    headers: () => ({ 'Accept-Encoding': SUPPORTED_ENCODINGS }),
  },
  'invalid-input': { status: 422, title: 'Invalid input' },
  'model-not-ready': { status: 503, title: 'Model not ready', headers: () => ({ 'Retry-After': '1' }) },
  'model-restarting': { status: 503, title: 'Model restarting', headers: () => ({ 'Retry-After': '1' }) },
  overloaded: { status: 503, title: 'Overloaded', headers: () => ({ 'Retry-After': '1' }) },
  'shutting-down': {
    status: 503,
    title: 'Shutting down',
    headers: () => ({ 'Retry-After': '1', Connection: 'close' }),
  },
  'keys-unavailable': { status: 503, title: 'Keys unavailable', headers: () => ({ 'Retry-After': '1' }) },
  // Without `Retry-After`: a repeated request would take as long again and increase the load.
  timeout: { status: 504, title: 'Timed out' },
};

function challenge({ challenge }: ServiceError): Readonly<Record<string, string>> {
  return { 'WWW-Authenticate': challenge === undefined ? 'Bearer' : `Bearer ${challenge}` };
}
