import { Metadata, status, type ServiceError as GrpcError } from '@grpc/grpc-js';
import { ServiceError, type ErrorCode } from '../errors.ts';
import { cut } from '../inference/format-value.ts';

/** The only place where an error becomes a gRPC status, as `middleware/problems.ts` is for HTTP. */
const statuses: Readonly<Record<ErrorCode, status>> = {
  'incomplete-body': status.INVALID_ARGUMENT,
  'invalid-json': status.INVALID_ARGUMENT,
  'invalid-input': status.INVALID_ARGUMENT,
  'unsupported-media-type': status.INVALID_ARGUMENT,
  unauthorized: status.UNAUTHENTICATED,
  'model-not-found': status.NOT_FOUND,
  'route-not-found': status.UNIMPLEMENTED,
  'method-not-allowed': status.UNIMPLEMENTED,
  'body-too-large': status.RESOURCE_EXHAUSTED,
  timeout: status.DEADLINE_EXCEEDED,
  'model-not-ready': status.UNAVAILABLE,
  'shutting-down': status.UNAVAILABLE,
};

/** A status travels in a header, and clients take 8 KiB of headers; each character may be nine bytes there. */
const LONGEST_MESSAGE = 500;

/** What the client is told of an error. Of an unknown one nothing but that: the log has it. */
export function statusOf(error: unknown): GrpcError {
  if (!(error instanceof ServiceError)) {
    return grpcError(
      status.INTERNAL,
      'The request could not be answered. The log has the reason, under the request id.',
    );
  }
  const issues = error.issues.map(({ pointer, detail }) => ` ${pointer}: ${detail}`);
  return grpcError(statuses[error.code], error.message + issues.join(''));
}

function grpcError(code: status, message: string): GrpcError {
  const details = cut(message, LONGEST_MESSAGE);
  return Object.assign(new Error(details), { code, details, metadata: new Metadata() });
}
