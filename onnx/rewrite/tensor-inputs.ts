import { givenInput } from '../engine/optionals.ts';
import { GRAPH } from '../graph/field-numbers.ts';
import { newNode } from '../graph/node.ts';
import { carrierType, describeType, isMap, isPlainTensor, type Value } from '../graph/value-type.ts';
import { NonTensorError } from './non-tensor-error.ts';
import { castNode, declareValue, tensorType, type Replacement } from './replacement.ts';
import { LOOPS_WITH_SEQUENCES } from './sequence-loops.ts';
import { sequenceInput } from './sequence-inputs.ts';
import { graphAttribute, sequenceType, typeAttribute } from './subgraph.ts';

/**
 * Replaces an input that is a sequence of tensors, is optional, or has elements that engines do not accept.
 *
 * @param opset the version of ONNX's own operators that the model uses
 * @throws {NonTensorError} if no tensor can replace it
 */
export function replaceInput({ name, type }: Value, opset: number): Replacement {
  const renamed = `rhizome/${name}`;
  if (type.kind === 'tensor') {
    const dtype = carrierType(type.dtype);
    if (dtype !== undefined)
      return {
        renamed,
        nodes: [castNode(name, renamed, type.dtype)],
        fields: [declareValue(GRAPH.input, name, dtype, type.shape)],
      };
  }
  const held = type.kind === 'optional' ? type.of : type;
  if (type.kind === 'optional' && held.kind === 'tensor' && isPlainTensor(held)) {
    const fields = [declareValue(GRAPH.input, name, held.dtype, held.shape)];
    if (opset < OPTIONAL_BRANCHES) return { renamed, nodes: [alwaysPresent(name, renamed)], fields };
    const nodes = [maybeAbsent(name, name, renamed, tensorType(held.dtype, held.shape))];
    return { renamed, nodes, fields: [...fields, declareGiven(name)] };
  }
  if (held.kind === 'sequence' && held.of.kind === 'tensor' && isPlainTensor(held.of)) {
    const isOptional = type.kind === 'optional';
    const sequence = isOptional ? `${renamed}/sequence` : renamed;
    const input = sequenceInput(name, sequence, held.of, opset);
    if (input !== undefined && !isOptional) return { renamed, ...input };
    if (input !== undefined && opset >= OPTIONAL_BRANCHES) {
      const choice = maybeAbsent(name, sequence, renamed, sequenceType(held.of.dtype, held.of.shape));
      return { renamed, nodes: [...input.nodes, choice], fields: [...input.fields, declareGiven(name)] };
    }
    const least = isOptional ? OPTIONAL_BRANCHES : LOOPS_WITH_SEQUENCES;
    throw new NonTensorError(
      `the input '${name}' is ${describeType(type)}, which Rhizome can serve only if the model uses opset ${least} ` +
        `or later, but it uses opset ${opset}. Export the model again with a recent opset.`,
    );
  }
  const advice = isMap(type)
    ? 'Export only the part of the model after the step that turns maps into numbers, such as a DictVectorizer.'
    : 'Export the model with inputs that are tensors of real numbers.';
  throw new NonTensorError(
    `the input '${name}' is ${describeType(type)}, but clients can send only tensors. ${advice}`,
  );
}

/** Since this opset, the branches of an If may return optionals. */
const OPTIONAL_BRANCHES = 16;

const declareGiven = (name: string): Uint8Array => declareValue(GRAPH.input, givenInput(name), 'bool', []);

/** Makes an optional of a value. The service rejects a request that leaves the input out. */
const alwaysPresent = (value: string, renamed: string): Uint8Array =>
  newNode({ opType: 'Optional', name: `${renamed}/input`, inputs: [value], outputs: [renamed] });

/**
 * Makes an optional of a value, or without one, if the input that says so is false.
 *
 * @param type the type of the value
 */
function maybeAbsent(name: string, value: string, renamed: string, type: Uint8Array): Uint8Array {
  const [some, none] = [`${renamed}/some`, `${renamed}/none`];
  const attributes = [typeAttribute('type', type)];
  return newNode({
    opType: 'If',
    name: `${renamed}/choice`,
    inputs: [givenInput(name)],
    outputs: [renamed],
    attributes: [
      graphAttribute('then_branch', {
        nodes: [newNode({ opType: 'Optional', inputs: [value], outputs: [some] })],
        outputs: [some],
      }),
      graphAttribute('else_branch', {
        nodes: [newNode({ opType: 'Optional', inputs: [], outputs: [none], attributes })],
        outputs: [none],
      }),
    ],
  });
}
