import { UndecodableRowsError } from '../../onnx/decode/decode-error.ts';
import type { Model } from '../../onnx/model.ts';
import type { Row } from '../../onnx/signature/cells.ts';
import { NoSlotError } from '../../onnx/slots.ts';
import { ServiceError } from '../errors.ts';
import type { RunOptions } from '../inference/run.ts';
import { IssueList } from '../protocol/issue-list.ts';
import type { DecodedFeatures } from '../protocol/predictions/request.ts';

/** Is told how long decoding took, such as for metrics. */
export interface DecodeObserver {
  decoded(seconds: number): void;
}

/**
 * Makes the rows of a request those of the model: images become tensors.
 *
 * @throws {ServiceError} `invalid-input` for values that cannot be decoded, or `timeout` if the request's time is over
 */
export async function decodeRows(
  model: Pick<Model, 'decode' | 'signature'>,
  { rows, pointer }: DecodedFeatures,
  { deadline, abandoned, trace }: RunOptions,
  observer: DecodeObserver,
): Promise<readonly Row[]> {
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
    if (error instanceof NoSlotError) throw late();
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
