import { GRAPH } from '../graph/field-numbers.ts';
import { intAttribute, newNode } from '../graph/node.ts';
import { carrierType, describeType, isMap, isPlainTensor, type Value } from '../graph/value-type.ts';
import { NonTensorError } from './non-tensor-error.ts';
import { castNode, declareValue, type Replacement } from './replacement.ts';

/**
 * Replaces an input that is a sequence of tensors, is optional, or has elements that engines do not accept.
 *
 * @throws {NonTensorError} if no tensor can replace it
 */
export function replaceInput({ name, type }: Value): Replacement {
  const renamed = `rhizome/${name}`;
  const node = (opType: string, attributes: readonly Uint8Array[] = []) =>
    newNode({ opType, name: `${renamed}/input`, inputs: [name], outputs: [renamed], attributes });
  if (type.kind === 'tensor') {
    const dtype = carrierType(type.dtype);
    if (dtype !== undefined)
      return {
        renamed,
        nodes: [castNode(name, renamed, type.dtype)],
        fields: [declareValue(GRAPH.input, name, dtype, type.shape)],
      };
  }
  // The value is always present: the service rejects a request that leaves an input out.
  if (type.kind === 'optional' && type.of.kind === 'tensor' && isPlainTensor(type.of)) {
    return {
      renamed,
      nodes: [node('Optional')],
      fields: [declareValue(GRAPH.input, name, type.of.dtype, type.of.shape)],
    };
  }
  // Stacks the tensors along a new first dimension, which can be declared only if the number of the others is known.
  if (type.kind === 'sequence' && type.of.kind === 'tensor' && isPlainTensor(type.of) && type.of.shape !== undefined) {
    const nodes = [node('SplitToSequence', [intAttribute('axis', 0), intAttribute('keepdims', 0)])];
    return { renamed, nodes, fields: [declareValue(GRAPH.input, name, type.of.dtype, ['', ...type.of.shape])] };
  }
  const advice = isMap(type)
    ? 'Export only the part of the model after the step that turns maps into numbers, such as a DictVectorizer.'
    : 'Export the model with inputs that are tensors of real numbers, with a known number of dimensions.';
  throw new NonTensorError(
    `the input '${name}' is ${describeType(type)}, but clients can send only tensors. ${advice}`,
  );
}
