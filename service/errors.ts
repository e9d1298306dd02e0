import type { Issue, ProblemCode } from './contract/index.ts';

/**
 * What can be wrong with a request. `exchange/http-statuses.ts` maps these codes to HTTP statuses, and
 * `grpc/status.ts` to gRPC statuses. Whatever else is thrown is an `internal-error`.
 */
export type ErrorCode = Exclude<ProblemCode, 'internal-error'>;

interface ServiceErrorOptions {
  readonly issues?: readonly Issue[];
  /** For `method-not-allowed`: the methods that the route supports. */
  readonly allow?: readonly string[];
  /** For `unauthorized` and `forbidden`: parameters of the header WWW-Authenticate (RFC 6750). */
  readonly challenge?: string;
  readonly cause?: unknown;
}

/** A request cannot be served. The message is meant for the client. */
export class ServiceError extends Error {
  override readonly name = 'ServiceError';
  readonly code: ErrorCode;
  readonly issues: readonly Issue[];
  readonly allow: readonly string[];
  readonly challenge: string | undefined;

  constructor(
    code: ErrorCode,
    message: string,
    { issues = [], allow = [], challenge, cause }: ServiceErrorOptions = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.issues = issues;
    this.allow = allow;
    this.challenge = challenge;
  }
}
