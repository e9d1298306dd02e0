import { Metadata, status, type ServiceError as GrpcError } from '@grpc/grpc-js';
import { ServiceError, type ErrorCode } from '../errors.ts';
import { truncate } from '../inference/format-value.ts';

/** The only place that maps errors to gRPC statuses. `exchange/http-statuses.ts` does so for HTTP. */
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
  overloaded: status.RESOURCE_EXHAUSTED,
  timeout: status.DEADLINE_EXCEEDED,
  'model-not-ready': status.UNAVAILABLE,
  'model-restarting': status.UNAVAILABLE,
  'shutting-down': status.UNAVAILABLE,
};

/** The message is sent in a header, of which clients accept 8 KiB; a character may take nine bytes there. */
const LONGEST_MESSAGE = 500;

/** Converts an error for the client. Details of an unknown error only go to the log. */
export function statusOf(error: unknown): GrpcError {
  if (!(error instanceof ServiceError)) {
    return grpcError(
      status.INTERNAL,
      'The request failed because of an error in the service. Its log has the reason under this request id.',
    );
  }
  const issues = error.issues.map(({ pointer, detail }) => ` ${pointer}: ${detail}`);
  return grpcError(statuses[error.code], error.message + issues.join(''));
}

function grpcError(code: status, message: string): GrpcError {
  const details = truncate(message, LONGEST_MESSAGE);
  return Object.assign(new Error(details), { code, details, metadata: new Metadata() });
}
