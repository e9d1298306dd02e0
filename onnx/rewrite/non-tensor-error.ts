import { nodeLabel, operatorName } from '../graph/node.ts';
import type { Origin } from '../graph/scope.ts';

/**
 * An input or output is a sequence or a map that no tensor can replace. The message names the node and says how to
 * export the model instead.
 */
export class NonTensorError extends Error {
  override readonly name = 'NonTensorError';
}

/**
 * Returns the error for an output that cannot become a tensor.
 *
 * @param type the output's type, such as `seq(map(int64, float32))`
 * @param advice how to export the model instead, in sentences
 */
export function outputError(output: string, type: string, origin: Origin | undefined, advice: string): NonTensorError {
  const producer =
    origin === undefined ? 'no node of the graph' : nodeLabel(origin.node.name, operatorName(origin.node));
  return new NonTensorError(
    `the output '${output}' is ${type}, produced by ${producer}, but Rhizome can serve only tensors. ${advice}`,
  );
}
