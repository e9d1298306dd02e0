import type { Issue, Problem } from '../../../contract/api.ts';

/** A request got no response, or an error. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly title: string;
  /** 0 if there was no response. */
  readonly status: number;
  /** The invalid places of the input. */
  readonly issues: readonly Issue[];
  /** In how many seconds the service asks to try again. */
  readonly retryAfter: number | undefined;
  /** Under this id, the log of the service has the request. */
  readonly requestId: string | undefined;

  constructor(
    title: string,
    detail: string,
    {
      status = 0,
      issues = [],
      retryAfter,
      requestId,
      cause,
    }: { status?: number; issues?: readonly Issue[]; retryAfter?: number; requestId?: string; cause?: unknown } = {},
  ) {
    super(detail, { cause });
    this.title = title;
    this.status = status;
    this.issues = issues;
    this.retryAfter = retryAfter;
    this.requestId = requestId;
  }
}

/** Returns the failure that a response with an error describes. A proxy's response may be of any form. */
export async function failureOf(response: Response): Promise<Failure> {
  const problem = (await response.json().catch(() => ({}))) as Partial<Problem>;
  const seconds = Number(response.headers.get('Retry-After') ?? NaN);
  return new Failure(
    problem.title ?? (response.statusText || 'Error'),
    problem.detail ?? `The response has the status ${String(response.status)}. Something in between sent it.`,
    {
      status: response.status,
      issues: problem.errors ?? [],
      ...(Number.isFinite(seconds) && { retryAfter: seconds }),
      ...(response.headers.has('X-Request-Id') && { requestId: response.headers.get('X-Request-Id') ?? '' }),
    },
  );
}
