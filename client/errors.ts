import type { Issue } from '../service/contract/api.ts';

/** What a call may fail with, besides the reason of a signal that aborted it: that is thrown as it is. */
export abstract class RhizomeError extends Error {}

/** The service refused the request, or could not serve it: any status that is no success. */
export class ServiceProblem extends RhizomeError {
  override readonly name = 'ServiceProblem';
  readonly status: number;
  /** `invalid-input`, `model-not-found`, …; undefined where it was not Rhizome that answered, or by the Open Inference Protocol. */
  readonly code: string | undefined;
  readonly title: string;
  readonly detail: string;
  /** Of `invalid-input`: every field that is wrong. */
  readonly errors: readonly Issue[];
  /** What the service's log calls the request. */
  readonly requestId: string | undefined;

  constructor(status: number, { code, title, detail, errors, requestId }: ProblemParts) {
    const places = errors.map((issue) => `\n  ${issue.pointer} ${issue.detail}`).join('');
    super(`${status} ${title}${detail && `: ${detail}`}${places}`);
    this.status = status;
    this.code = code;
    this.title = title;
    this.detail = detail;
    this.errors = errors;
    this.requestId = requestId;
  }
}

interface ProblemParts {
  readonly code: string | undefined;
  readonly title: string;
  readonly detail: string;
  readonly errors: readonly Issue[];
  readonly requestId: string | undefined;
}

/** No connection, or one that broke before the answer was whole; `cause` is the error of `fetch`. */
export class Unreachable extends RhizomeError {
  override readonly name = 'Unreachable';

  constructor(url: string, cause: unknown) {
    // Node's fetch says only that it failed; why is in its cause.
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const why = inner instanceof Error ? inner.message || inner.name : String(inner);
    super(`No answer from ${url}: ${why}. Is the service up, and the URL right?`, { cause });
  }
}

/** The call took longer than its `timeout`; `cause` is what its last attempt failed with, where one did. */
export class TimedOut extends RhizomeError {
  override readonly name = 'TimedOut';

  constructor(url: string, milliseconds: number, cause?: unknown) {
    super(
      `No answer from ${url} within ${milliseconds} ms. Give the call a longer timeout, or the service more time.`,
      { cause },
    );
  }
}

/** Something answered with success, but not as the service does. */
export class UnexpectedAnswer extends RhizomeError {
  override readonly name = 'UnexpectedAnswer';
}

/** A tensor that cannot be sent: nothing was. */
export class InvalidTensor extends RhizomeError {
  override readonly name = 'InvalidTensor';
}
