import { intAttribute, newNode } from '../graph/node.ts';
import { NonTensorError } from './non-tensor-error.ts';
import { castNode, declareValue, type Replacement } from './replacement.ts';
import { GRAPH } from '../graph/field-numbers.ts';
import { describeType, isMap, isPlainTensor, carrierType, type Value } from '../graph/value-type.ts';

/** A tensor for an input that is a sequence of tensors, may be absent, or has elements that no engine takes. @throws NonTensorError */
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
  // It is always there: a request that leaves an input out is none of the model's.
  if (type.kind === 'optional' && type.of.kind === 'tensor' && isPlainTensor(type.of)) {
    return {
      renamed,
      nodes: [node('Optional')],
      fields: [declareValue(GRAPH.input, name, type.of.dtype, type.of.shape)],
    };
  }
  // The tensors are stacked along a new first dimension; without a shape the runtime could not be told how many others there are.
  if (type.kind === 'sequence' && type.of.kind === 'tensor' && isPlainTensor(type.of) && type.of.shape !== undefined) {
    const nodes = [node('SplitToSequence', [intAttribute('axis', 0), intAttribute('keepdims', 0)])];
    return { renamed, nodes, fields: [declareValue(GRAPH.input, name, type.of.dtype, ['', ...type.of.shape])] };
  }
  const advice = isMap(type)
    ? 'Export the model from after the step that turns maps (as of a DictVectorizer) into numbers.'
    : 'Export the model with tensors for inputs, of real numbers and of a known number of dimensions.';
  throw new NonTensorError(`the input '${name}' is ${describeType(type)}; only tensors can be sent. ${advice}`);
}
