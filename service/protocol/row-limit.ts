import type { Signature } from '../../onnx/signature/signature.ts';
import type { RowLimit } from '../inference/request-size.ts';
import type { ServingPlan } from '../inference/queue/serving-plan.ts';
import { isObject } from './issue-list.ts';
import { stringifyJson } from './json.ts';

/** The characters of a number with its comma. It is an estimate: a float has up to 20, and many are 0 or 1. */
const NUMBER = 12;

/** Returns the most rows of a request for predictions, of which each becomes an object in the response. */
export function predictionsLimit(
  signature: Signature,
  { rowLimit, maxResponseBytes }: Pick<ServingPlan, 'rowLimit' | 'maxResponseBytes'>,
): RowLimit {
  const rows = Math.max(1, Math.floor(maxResponseBytes / predictionCharacters(signature)));
  return rows < rowLimit.rows
    ? { rows, reason: `the response would be larger than ${maxResponseBytes} bytes (MAX_RESPONSE_BYTES)` }
    : rowLimit;
}

/** Returns about how many characters the prediction for one row has. */
function predictionCharacters({ name, version, output }: Signature): number {
  const rest = stringifyJson({ model: { name, version } }).length + 1;
  switch (output.task) {
    case 'regressor':
      return rest + '"prediction":'.length + NUMBER;
    case 'anomaly-detector':
      return rest + '"prediction":-1,"score":'.length + NUMBER;
    case 'classifier': {
      const names = output.classes.map((each) => stringifyJson(each).length);
      const shortest = names.reduce((least, length) => Math.min(least, length), Infinity);
      const probabilities = output.probabilities === undefined ? 0 : sum(names) + names.length * (1 + NUMBER);
      return rest + '"prediction":,"probabilities":{}'.length + shortest + probabilities;
    }
    case 'tensors':
      return rest + sum(output.outputs.map((each) => each.name.length + 4 + NUMBER * elements(each.shape)));
  }
}

/** Returns the elements of a row of an output, as far as its shape is declared. */
function elements([, ...dimensions]: readonly (number | string)[]): number {
  return dimensions.reduce<number>((count, size) => (typeof size === 'number' ? count * size : count), 1);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** Returns how many rows a body has, before it is known to be valid. */
export function countRows(body: unknown): number {
  if (Array.isArray(body)) return body.length;
  const columns = isObject(body) ? body['columns'] : undefined;
  if (!isObject(columns)) return 1;
  let most = 1;
  for (const name in columns) {
    const values = columns[name];
    if (Array.isArray(values) && values.length > most) most = values.length;
  }
  return most;
}
