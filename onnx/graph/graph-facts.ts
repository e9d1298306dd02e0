import { FUNCTION, GRAPH, MODEL, TENSOR, VALUE_INFO } from './field-numbers.ts';
import { operatorName, readNode, type Node } from './node.ts';
import { messages, textOf } from './protobuf.ts';

/** What a graph shows about how long its runs may take, and how much memory they may need. */
export interface GraphFacts {
  /** The names of its operators, including those in branches, in the bodies of loops and in functions. */
  readonly operators: ReadonlySet<string>;
  /** Whether the values of an input, and not only its shape, determine the size of another tensor. */
  readonly sizesFromValues: boolean;
}

/**
 * The inputs that determine the size of a node's output. Those of `Reshape` do not: its output has the same elements.
 */
const sizeInputs: Readonly<Record<string, readonly number[]>> = {
  ConstantOfShape: [0],
  Expand: [1],
  OneHot: [1],
  Pad: [1],
  Range: [0, 1, 2],
  Resize: [2, 3],
  Tile: [1],
  Upsample: [1],
};

/**
 * Reads the facts of a model's graph.
 *
 * @throws {ProtobufError} if the bytes are not a complete protobuf message
 */
export function graphFacts(model: Uint8Array): GraphFacts {
  const walk = new Walk();
  for (const graph of messages(model, MODEL.graph)) {
    // Older exporters also list the weights as inputs.
    const weights = new Set(messages(graph, GRAPH.initializer).map((weight) => textOf(weight, TENSOR.name)));
    const inputs = messages(graph, GRAPH.input).map((input) => textOf(input, VALUE_INFO.name));
    walk.graph(
      graph,
      inputs.filter((input) => !weights.has(input)),
    );
  }
  // It is not known which inputs of the graph a function's inputs come from: any may determine a size.
  for (const body of messages(model, MODEL.functions)) walk.functionBody(body);
  return { operators: walk.operators, sizesFromValues: walk.sizesFromValues };
}

/** Follows the values of the inputs through the nodes. */
class Walk {
  readonly operators = new Set<string>();
  sizesFromValues = false;
  /** Names of the values that depend on those of an input. */
  readonly #fromValues = new Set<string>();

  graph(graph: Uint8Array, inputs: readonly string[] = []): void {
    for (const input of inputs) this.#fromValues.add(input);
    for (const bytes of messages(graph, GRAPH.node)) this.#node(readNode(bytes));
  }

  functionBody(body: Uint8Array): void {
    for (const bytes of messages(body, FUNCTION.node)) {
      const node = readNode(bytes);
      this.operators.add(operatorName(node));
      if (node.opType in sizeInputs) this.sizesFromValues = true;
      for (const graph of node.subgraphs) this.graph(graph);
    }
  }

  #node(node: Node): void {
    this.operators.add(operatorName(node));
    const { opType, inputs, outputs, subgraphs } = node;
    for (const graph of subgraphs) this.graph(graph);
    const depends = (input: string | undefined): boolean => input !== undefined && this.#fromValues.has(input);
    if (sizeInputs[opType]?.some((index) => depends(inputs[index]))) this.sizesFromValues = true;
    if (opType === 'Shape' || opType === 'Size') return;
    // The nodes of a branch also use values of the graph around it.
    if (subgraphs.length > 0 || inputs.some(depends)) for (const output of outputs) this.#fromValues.add(output);
  }
}
