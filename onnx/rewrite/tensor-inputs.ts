import { givenInput } from '../engine/optional-inputs.ts';
import { ATTRIBUTE, ATTRIBUTE_TYPE, GRAPH, VALUE_INFO } from '../graph/field-numbers.ts';
import { intAttribute, newNode, type NewNode } from '../graph/node.ts';
import { concatenate, encode } from '../graph/protobuf.ts';
import { carrierType, describeType, isMap, isPlainTensor, type TensorType, type Value } from '../graph/value-type.ts';
import { NonTensorError } from './non-tensor-error.ts';
import { castNode, declareValue, tensorType, type Replacement } from './replacement.ts';

/**
 * Replaces an input that is a sequence of tensors, is optional, or has elements that engines do not accept.
 *
 * @param opset the version of ONNX's own operators that the model uses
 * @throws {NonTensorError} if no tensor can replace it
 */
export function replaceInput({ name, type }: Value, opset: number): Replacement {
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
  if (type.kind === 'optional' && type.of.kind === 'tensor' && isPlainTensor(type.of)) {
    if (opset >= OPTIONAL_BRANCHES) return maybeAbsent(name, renamed, type.of);
    // The value is always present: the service rejects a request that leaves the input out.
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

/** Since this opset, the branches of an If may return optionals. */
const OPTIONAL_BRANCHES = 16;

/** Replaces an optional tensor by the tensor, and a second input that says whether there is one. */
function maybeAbsent(name: string, renamed: string, { dtype, shape }: TensorType): Replacement {
  const given = givenInput(name);
  const branch = (attribute: string, node: NewNode): Uint8Array =>
    concatenate([
      encode(ATTRIBUTE.name, attribute),
      encode(ATTRIBUTE.graph, [
        encode(GRAPH.node, [newNode(node)]),
        encode(GRAPH.name, attribute),
        ...node.outputs.map((output) => encode(GRAPH.output, [encode(VALUE_INFO.name, output)])),
      ]),
      encode(ATTRIBUTE.type, ATTRIBUTE_TYPE.graph),
    ]);
  const typeOfNone = concatenate([
    encode(ATTRIBUTE.name, 'type'),
    encode(ATTRIBUTE.typeProto, [tensorType(dtype, shape)]),
    encode(ATTRIBUTE.type, ATTRIBUTE_TYPE.typeProto),
  ]);
  const choice = newNode({
    opType: 'If',
    name: `${renamed}/input`,
    inputs: [given],
    outputs: [renamed],
    attributes: [
      branch('then_branch', { opType: 'Optional', inputs: [name], outputs: [`${renamed}/some`] }),
      branch('else_branch', {
        opType: 'Optional',
        inputs: [],
        outputs: [`${renamed}/none`],
        attributes: [typeOfNone],
      }),
    ],
  });
  return {
    renamed,
    nodes: [choice],
    fields: [declareValue(GRAPH.input, name, dtype, shape), declareValue(GRAPH.input, given, 'bool', [])],
  };
}
