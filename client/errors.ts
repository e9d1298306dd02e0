import type { Issue } from '../service/contract/api.ts';
import type { problemCode } from '../service/contract/problem-codes.ts';

/**
 * The base class of all errors of the client. An aborted call is the exception: it rejects with the reason of the
 * signal that aborted it.
 */
export abstract class RhizomeError extends Error {}

/** The service rejected the request or could not serve it: the response's status is not a success. */
export class ServiceProblem extends RhizomeError {
  override readonly name = 'ServiceProblem';
  /** The HTTP status. */
  readonly status: number;
  /**
   * Identifies the error: `invalid-input`, `model-not-found`, `overloaded`, `timeout`, … A newer service may have codes
   * that this version of the client does not know.
   *
   * Undefined if the response did not come from Rhizome (but from a proxy, for example), and for calls of the Open
   * Inference Protocol, whose errors have no codes.
   */
  readonly code: ReturnType<typeof problemCode>;
  /** A short description that is the same for every error with this code. Empty if the response has none. */
  readonly title: string;
  /** What is wrong with this request. Empty if the response has none. */
  readonly detail: string;
  /**
   * With the code `invalid-input`: every invalid field. Otherwise empty. In a `value`, integers past 2^53 are bigints;
   * `JSON.stringify(error)` writes those as texts, since JSON.stringify throws for bigints.
   */
  readonly errors: readonly Issue[];
  /** The request's ID in the service's log. */
  readonly requestId: string | undefined;
  /** How long to wait before sending the request again, in milliseconds, if the response has a `Retry-After` header. */
  readonly retryAfter: number | undefined;

  constructor(status: number, { code, title, detail, errors, requestId, retryAfter }: ProblemParts) {
    const fields = errors.map(describeIssue).join('');
    super(`${status} ${title}${detail && `: ${detail}`}${fields}`);
    this.status = status;
    this.code = code;
    this.title = title;
    this.detail = detail;
    this.errors = errors;
    this.requestId = requestId;
    this.retryAfter = retryAfter;
  }

  /** For JSON.stringify: the error's properties, with bigints as texts. */
  toJSON(): object {
    const { name, status, code, title, detail, requestId, retryAfter } = this;
    const errors = this.errors.map((issue) =>
      typeof issue.value === 'bigint' ? { ...issue, value: String(issue.value) } : issue,
    );
    return { name, status, code, title, detail, errors, requestId, retryAfter };
  }
}

function describeIssue({ pointer, detail, expected }: Issue): string {
  return `\n  ${pointer} ${detail}${expected === undefined ? '' : ` Expected ${expected}.`}`;
}

type ProblemParts = Pick<ServiceProblem, 'code' | 'title' | 'detail' | 'errors' | 'requestId' | 'retryAfter'>;

/** The connection failed, or broke before the response was complete. `cause` is the error of `fetch`. */
export class Unreachable extends RhizomeError {
  override readonly name = 'Unreachable';
  /** Why, in the words of the JavaScript engine or operating system: `connect ECONNREFUSED 127.0.0.1:8080`. */
  readonly reason: string;

  constructor(url: string, cause: unknown) {
    // Node's fetch says only that it failed; its cause says why.
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const reason = inner instanceof Error ? inner.message || inner.name : String(inner);
    super(`Cannot reach ${url}: ${reason}. Check the URL, and that the service is running.`, { cause });
    this.reason = reason;
  }
}

/** The call exceeded its `timeout`. `cause` is the error of the last attempt before, if there was one. */
export class TimedOut extends RhizomeError {
  override readonly name = 'TimedOut';
  /** The call's timeout, in milliseconds. */
  readonly timeout: number;

  constructor(url: string, milliseconds: number, cause?: unknown) {
    super(`No response from ${url} within ${milliseconds} ms. If the service is only slow, increase "timeout".`, {
      cause,
    });
    this.timeout = milliseconds;
  }
}

/** The response's status is a success, but its body is not what the service sends. */
export class UnexpectedResponse extends RhizomeError {
  override readonly name = 'UnexpectedResponse';
}

/** A tensor cannot be encoded. The request was not sent. */
export class InvalidTensor extends RhizomeError {
  override readonly name = 'InvalidTensor';
}
