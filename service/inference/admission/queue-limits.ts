import { ServiceError } from '../../errors.ts';

/** How much may wait for a model. */
export interface QueueLimits {
  readonly rows: number;
  readonly bytes: number;
}

/** What waits for a model. */
export interface Waiting {
  readonly jobs: number;
  readonly rows: number;
  readonly bytes: number;
}

/** Which limit a request would exceed. */
export type QueueLimit = 'rows' | 'bytes';

/**
 * Returns the limit that a further request would exceed; undefined if there is room. An empty queue has room for any
 * request, as otherwise a request that is larger than the limits could never be served.
 */
export function exceededLimit(
  waiting: Waiting,
  limits: QueueLimits,
  rows: number,
  bytes: number,
): QueueLimit | undefined {
  if (waiting.jobs === 0) return undefined;
  if (waiting.rows + rows > limits.rows) return 'rows';
  return waiting.bytes + bytes > limits.bytes ? 'bytes' : undefined;
}

/** Creates the error for a request that the queue has no room for. */
export function overloaded(model: string, { rows, bytes }: QueueLimits): ServiceError {
  return new ServiceError(
    'overloaded',
    `The model '${model}' has more requests than it can process: at most ${rows} rows (${bytes} bytes) may wait for ` +
      'it at present. Send the request again later.',
  );
}
