import { UndecodableRowsError } from '../../onnx/decode/decode-error.ts';
import type { Model } from '../../onnx/model.ts';
import type { Row } from '../../onnx/signature/cells.ts';
import { NoSlotError } from '../../onnx/slots.ts';
import { ServiceError } from '../errors.ts';
import { WAITING_SHARE } from '../inference/admission/pace.ts';
import type { RunOptions } from '../inference/run.ts';
import { IssueList } from '../protocol/issue-list.ts';
import type { DecodedFeatures } from '../protocol/predictions/request.ts';

/** Is told about decoding, such as for metrics. */
export interface DecodeObserver {
  decoded(seconds: number): void;
  refused(reason: 'decoding' | 'expired' | 'abandoned'): void;
}

/**
 * Refuses a request whose images would wait too long for those of others.
 *
 * @throws {ServiceError} `overloaded`
 */
export function checkDecodeWait(
  { decodeWaitMs }: Pick<Model, 'decodeWaitMs'>,
  { deadline }: Pick<RunOptions, 'deadline'>,
  observer: DecodeObserver,
): void {
  if (decodeWaitMs === 0 || decodeWaitMs <= WAITING_SHARE * (deadline - performance.now())) return;
  observer.refused('decoding');
  throw new ServiceError(
    'overloaded',
    'More images wait than can be decoded in time for this request. Send it again later.',
  );
}

/**
 * Makes the rows of a request those of the model: images become tensors.
 *
 * @throws {ServiceError} `invalid-input` for values that cannot be decoded, `overloaded` if they would wait too long,
 *   or `timeout` if the request's time is over
 */
export async function decodeRows(
  model: Pick<Model, 'decode' | 'decodeWaitMs' | 'signature'>,
  { rows, pointer }: DecodedFeatures,
  options: RunOptions,
  observer: DecodeObserver,
): Promise<readonly Row[]> {
  checkDecodeWait(model, options, observer);
  const { deadline, abandoned, trace } = options;
  const late = (): ServiceError =>
    new ServiceError('timeout', 'The time for the request was over before all of it was decoded.');
  const before = (): void => {
    if (performance.now() >= deadline || abandoned?.() === true) throw late();
  };
  const started = performance.now();
  let failed = true;
  try {
    const decoded = await model.decode(rows, { before, deadline });
    failed = false;
    return decoded;
  } catch (error) {
    const given = error instanceof NoSlotError ? late() : error;
    if (given instanceof ServiceError) {
      observer.refused(abandoned?.() === true ? 'abandoned' : 'expired');
      throw given;
    }
    if (!(error instanceof UndecodableRowsError)) throw error;
    const issues = new IssueList();
    for (const {
      row,
      feature,
      error: { message: detail, expected },
    } of error.values)
      issues.add(() => ({ pointer: pointer(row, feature), detail, expected }));
    issues.throwIfAny();
    throw error;
  } finally {
    if (model.signature.features.some(({ decode }) => decode !== undefined)) {
      const ended = performance.now();
      trace?.decoded(started, ended, failed);
      observer.decoded((ended - started) / 1000);
    }
  }
}
