import { ATTRIBUTE, DATA_TYPES, FUNCTION, GRAPH, MODEL, NODE, TENSOR } from './field-numbers.ts';
import { readTensor } from './constants.ts';
import { noConversions } from './conversions.ts';
import { operatorName, readNode, type Node } from './node.ts';
import { floatOnly, oneType, sameType } from './output-types.ts';
import { first, fields, int64, int64s, messages, textOf } from './protobuf.ts';
import { readInputs, readValue } from './value-type.ts';

/** What a graph shows about how long its runs may take, how much memory they may need, and whether they may crash. */
export interface GraphFacts {
  /** The names of its operators, including those in branches, in the bodies of loops and in functions. */
  readonly operators: ReadonlySet<string>;
  /** Whether the values of an input, and not only its shape, determine the size of another tensor. */
  readonly sizesFromValues: boolean;
  /** Whether the shape of an input determines the size of another tensor, other than by the operators' own rules. */
  readonly sizesFromShapes: boolean;
  /** Whether a node may divide integers: the processor ends a process that divides by zero. */
  readonly integerDivision: boolean;
  /** Whether the file alone may make nodes create very large tensors: constants when it is loaded, others in a run. */
  readonly largeConstants: boolean;
  /** Whether clients determine other sizes of an input than the number of rows. */
  readonly openShapes: boolean;
  /** Whether an input never has elements, since one of its dimensions is 0. */
  readonly emptyInputs: boolean;
}

/**
 * The inputs that determine the size of a node's output. Those of `Reshape` do not: its output has the same elements.
 */
const sizeInputs: Readonly<Record<string, readonly number[]>> = {
  CenterCropPad: [1],
  ConstantOfShape: [0],
  Expand: [1],
  OneHot: [1],
  Pad: [1],
  Range: [0, 1, 2],
  Resize: [2, 3],
  // How many tensors there are.
  SplitToSequence: [1],
  Tile: [1],
  Upsample: [1],
};

/** Those of `sizeInputs` whose output has at least as many elements as the product of the values. */
const multiplied = { ConstantOfShape: true, Expand: true, Tile: true } as const;
/** Operators whose output is not larger than their first input. */
const notLarger = new Set('Cast Flatten Identity Reshape Slice Squeeze Transpose Unsqueeze'.split(' '));

/** A tensor with more elements is large. */
const LARGE = 2 ** 24;
const FLOAT = /^(?:b?float|complex)/;

/**
 * Reads the facts of a model's graph.
 *
 * @param conversions what is not the model's own: its loops have as many steps as a sequence has tensors
 * @throws {ProtobufError} if the bytes are not a complete protobuf message
 */
export function graphFacts(model: Uint8Array, conversions = noConversions): GraphFacts {
  const walk = new Walk();
  let openShapes = conversions.anyRank;
  let emptyInputs = false;
  for (const graph of messages(model, MODEL.graph)) {
    const inputs = readInputs(graph);
    openShapes ||= inputs.some(
      ({ type }) =>
        type.kind !== 'tensor' ||
        type.shape === undefined ||
        type.shape.some((size, index) => index > 0 && typeof size === 'string'),
    );
    emptyInputs ||= inputs.some(({ type }) => type.kind === 'tensor' && type.shape?.includes(0) === true);
    walk.graph(
      graph,
      inputs.map(({ name }) => name),
      conversions,
    );
  }
  // It is not known which inputs of the graph a function's inputs come from: any may determine a size.
  for (const body of messages(model, MODEL.functions)) walk.functionBody(body);
  const { operators, sizesFromValues, sizesFromShapes, integerDivision, largeConstants } = walk;
  return { operators, sizesFromValues, sizesFromShapes, integerDivision, largeConstants, openShapes, emptyInputs };
}

/**
 * Follows the values through the nodes. Branches may use the same name for different values: each that comes later in
 * the file replaces what is known about the name.
 */
class Walk {
  readonly operators = new Set<string>();
  sizesFromValues = false;
  sizesFromShapes = false;
  integerDivision = false;
  largeConstants = false;
  /** Names of the values that depend on those of an input. */
  readonly #fromValues = new Set<string>();
  /** Names of the values that are floats; the types of others are unknown. */
  readonly #floats = new Set<string>();
  /** The most elements of values that depend on no input. */
  readonly #constants = new Map<string, number>();
  /** Those that the file holds. */
  readonly #stored = new Map<string, Uint8Array>();

  graph(graph: Uint8Array, inputs: readonly string[] = [], { before, after } = noConversions): void {
    for (const input of inputs) this.#fromValues.add(input);
    for (const number of [GRAPH.input, GRAPH.valueInfo]) {
      for (const { name, type } of messages(graph, number).map(readValue))
        this.#float(name, type.kind === 'tensor' && FLOAT.test(type.dtype));
    }
    // These are stored without their zeros, but not run without them.
    if (messages(graph, GRAPH.sparseInitializer).length > 0) this.largeConstants = true;
    for (const weight of messages(graph, GRAPH.initializer)) this.#store(textOf(weight, TENSOR.name), weight);
    const nodes = messages(graph, GRAPH.node);
    for (const [index, bytes] of nodes.entries()) {
      const node = readNode(bytes);
      const isConversion = index < before || index >= nodes.length - after;
      if (isConversion && node.subgraphs.length > 0) for (const output of node.outputs) this.#fromValues.add(output);
      else this.#node(node);
    }
  }

  functionBody(body: Uint8Array): void {
    for (const bytes of messages(body, FUNCTION.node)) {
      const node = readNode(bytes);
      this.operators.add(operatorName(node));
      if (node.opType in sizeInputs) this.sizesFromValues = true;
      if (divides(node)) this.integerDivision = true;
      for (const graph of node.subgraphs) this.graph(graph);
    }
  }

  #node(node: Node): void {
    this.operators.add(operatorName(node));
    const { opType, inputs, outputs, subgraphs } = node;
    for (const graph of subgraphs) this.graph(graph);
    if (divides(node) && !inputs.some((input) => this.#floats.has(input))) this.integerDivision = true;
    const depends = (input: string | undefined): boolean => input !== undefined && this.#fromValues.has(input);
    for (const index of sizeInputs[opType] ?? []) {
      const input = inputs[index] ?? '';
      if (depends(input)) this.sizesFromValues = true;
      else if (!this.#constants.has(input)) this.sizesFromShapes ||= input !== '';
      else if (opType in multiplied && product(this.#values(input)) > LARGE) this.largeConstants = true;
    }
    this.#setTypes(node);
    this.#setConstants(node);
    if (opType === 'Shape' || opType === 'Size') return;
    // The nodes of a branch also use values of the graph around it.
    if (subgraphs.length > 0 || inputs.some(depends)) for (const output of outputs) this.#fromValues.add(output);
  }

  #setTypes(node: Node): void {
    const { inputs, outputs } = node;
    const name = operatorName(node);
    const isFloat = (input: string): boolean => this.#floats.has(input);
    const float =
      name === 'Cast'
        ? FLOAT.test(DATA_TYPES[Number(node.int('to') ?? 0n)] ?? '')
        : (sameType.has(name) && isFloat(inputs[0] ?? '')) || (oneType.has(name) && inputs.some(isFloat));
    const index = float ? 0 : floatOnly[name];
    // A declared type stays known: the runtime refuses a graph that contradicts it.
    if (index !== undefined) this.#float(outputs[index] ?? '', true);
  }

  #setConstants(node: Node): void {
    const { opType, outputs, subgraphs } = node;
    const inputs = node.inputs.filter((input) => input !== '');
    const tensor = opType === 'Constant' ? node.tensor('value') : undefined;
    if (tensor !== undefined) {
      this.#store(outputs[0] ?? '', tensor);
      return;
    }
    const known = inputs.flatMap((input) => this.#constants.get(input) ?? []);
    const constant = subgraphs.length === 0 && known.length === inputs.length;
    const size = this.#sizeOf(node, known);
    if (constant && size > LARGE && !(notLarger.has(opType) || inputs.length === 1)) this.largeConstants = true;
    for (const output of outputs) {
      this.#stored.delete(output);
      if (constant) this.#constants.set(output, size);
      else this.#constants.delete(output);
    }
  }

  /** Returns the most elements of the output of a node that depends on no input of the graph. */
  #sizeOf(node: Node, sizes: readonly number[]): number {
    const { opType, inputs } = node;
    // A list in an attribute.
    if (opType === 'Constant') return isSparse(node) ? Infinity : node.message.length;
    if (notLarger.has(opType)) return sizes[0] ?? 1;
    if (opType === 'ConstantOfShape') return product(this.#values(inputs[0] ?? ''));
    if (opType === 'Range') {
      const [start, limit, delta] = inputs.map((input) => this.#values(input)?.[0]);
      if (start === undefined || limit === undefined || delta === undefined || delta === 0) return Infinity;
      return Math.max(1, Math.ceil((limit - start) / delta));
    }
    const others = product(sizes);
    return opType in sizeInputs ? others * product(this.#values(inputs[1] ?? '')) : others;
  }

  /** Returns the integers that the file holds for a value. */
  #values(value: string): readonly number[] | undefined {
    const tensor = this.#stored.get(value);
    return tensor && readTensor(tensor)?.values.map(Number);
  }

  #float(name: string, is: boolean): void {
    if (is) this.#floats.add(name);
    else this.#floats.delete(name);
  }

  #store(name: string, tensor: Uint8Array): void {
    const type = first(tensor, TENSOR.dataType);
    this.#float(name, FLOAT.test(DATA_TYPES[type === undefined ? 0 : Number(int64(type))] ?? ''));
    let elements = 1;
    for (const field of fields(tensor))
      if (field.number === TENSOR.dims) for (const size of int64s(field)) elements *= Number(size);
    this.#constants.set(name, elements);
    this.#stored.set(name, tensor);
  }
}

/** Returns Infinity for unknown factors. */
const product = (factors: readonly number[] | undefined): number =>
  factors?.reduce((all, factor) => all * Math.max(1, Math.abs(factor)), 1) ?? Infinity;

const isSparse = ({ message }: Node): boolean =>
  messages(message, NODE.attribute).some((attribute) => textOf(attribute, ATTRIBUTE.name) === 'sparse_value');

const divides = ({ opType, domain }: Node): boolean => domain === '' && (opType === 'Div' || opType === 'Mod');
