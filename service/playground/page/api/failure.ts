import type { Issue, Problem } from '../../../contract/api.ts';

interface Details {
  readonly status?: number;
  readonly type?: string | undefined;
  readonly issues?: readonly Issue[];
  readonly retryAfter?: number;
  readonly requestId?: string;
  readonly forgetKey?: (() => void) | undefined;
  readonly cause?: unknown;
}

/** A request got no response, or an error. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly title: string;
  /** 0 if there was no response. */
  readonly status: number;
  /** What kind of problem it is, as the service calls it: a URN. */
  readonly type: string | undefined;
  /** The invalid places of the input. */
  readonly issues: readonly Issue[];
  /** In how many seconds the service asks to try again. */
  readonly retryAfter: number | undefined;
  /** Under this id, the log of the service has the request. */
  readonly requestId: string | undefined;
  /** Defined if another key may help: the next request then asks for one. */
  readonly forgetKey: (() => void) | undefined;

  constructor(
    title: string,
    detail: string,
    { status = 0, type, issues = [], retryAfter, requestId, forgetKey, cause }: Details = {},
  ) {
    super(detail, { cause });
    this.title = title;
    this.status = status;
    this.type = type;
    this.issues = issues;
    this.retryAfter = retryAfter;
    this.requestId = requestId;
    this.forgetKey = forgetKey;
  }

  /** Whether the replica that responded does not have the model. During an update or a canary, others may have it. */
  get isModelNotFound(): boolean {
    return this.type === 'urn:problem-type:rhizome:model-not-found';
  }
}

/**
 * Returns the failure that a response with an error describes. A proxy's response may be of any form.
 *
 * @param forgetKey forgets the key that the request had; undefined if it had none
 */
export async function failureOf(response: Response, forgetKey: (() => void) | undefined): Promise<Failure> {
  const problem = ((await response.json().catch(() => undefined)) ?? {}) as Partial<Problem>;
  const seconds = Number(response.headers.get('Retry-After') ?? NaN);
  return new Failure(
    problem.title ?? (response.statusText || 'Error'),
    problem.detail ?? `The response has the status ${String(response.status)}. Something in between sent it.`,
    {
      status: response.status,
      type: problem.type,
      forgetKey: response.status === 403 ? forgetKey : undefined,
      issues: problem.errors ?? [],
      ...(Number.isFinite(seconds) && { retryAfter: seconds }),
      ...(response.headers.has('X-Request-Id') && { requestId: response.headers.get('X-Request-Id') ?? '' }),
    },
  );
}
