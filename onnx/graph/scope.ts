import { FUNCTION, GRAPH, MODEL, TENSOR, VALUE_INFO } from './field-numbers.ts';
import { readNode, type Node } from './node.ts';
import { fields, messages, text, textOf } from './protobuf.ts';
import { readValue, type ValueType } from './value-type.ts';

/** Where a value comes from: the node, the index of the output, and the graph that contains the node. */
export interface Origin {
  readonly node: Node;
  readonly index: number;
  readonly scope: Scope;
}

/** The values that are visible in a graph, including those of the graphs around it, or in a function. */
export class Scope {
  readonly nodes: readonly Node[];
  /** Names of the outputs, in order. */
  readonly outputs: readonly string[];
  readonly #functions: readonly Uint8Array[];
  readonly #graph: Uint8Array | undefined;
  readonly #around: Scope | undefined;
  #origins: Map<string, Origin> | undefined;
  #types: Map<string, ValueType> | undefined;

  private constructor(
    nodes: readonly Uint8Array[],
    outputs: readonly string[],
    functions: readonly Uint8Array[],
    graph?: Uint8Array,
    around?: Scope,
  ) {
    this.nodes = nodes.map(readNode);
    this.outputs = outputs;
    this.#functions = functions;
    this.#graph = graph;
    this.#around = around;
  }

  static ofModel(model: Uint8Array): Scope {
    const [graph = new Uint8Array()] = messages(model, MODEL.graph);
    return Scope.#ofGraph(graph, messages(model, MODEL.functions));
  }

  static #ofGraph(graph: Uint8Array, functions: readonly Uint8Array[], around?: Scope): Scope {
    const outputs = messages(graph, GRAPH.output).map((value) => textOf(value, VALUE_INFO.name));
    return new Scope(messages(graph, GRAPH.node), outputs, functions, graph, around);
  }

  /** Returns the node that produces a value; undefined for inputs and weights. */
  origin(value: string): Origin | undefined {
    this.#origins ??= new Map(
      this.nodes.flatMap((node) =>
        node.outputs.map((output, index) => [output, { node, index, scope: this }] as const),
      ),
    );
    return this.#origins.get(value) ?? this.#around?.origin(value);
  }

  /** Returns the TensorProto of a weight. */
  weight(value: string): Uint8Array | undefined {
    const own =
      this.#graph && messages(this.#graph, GRAPH.initializer).find((tensor) => textOf(tensor, TENSOR.name) === value);
    return own ?? this.#around?.weight(value);
  }

  /** Returns the declared type of a value. Not all exporters declare the values between inputs and outputs. */
  type(value: string): ValueType | undefined {
    const graph = this.#graph ?? new Uint8Array();
    this.#types ??= new Map(
      [GRAPH.valueInfo, GRAPH.output, GRAPH.input]
        .flatMap((number) => messages(graph, number).map(readValue))
        .map(({ name, type }) => [name, type]),
    );
    return this.#types.get(value) ?? this.#around?.type(value);
  }

  has(value: string): boolean {
    return this.origin(value) !== undefined || this.type(value) !== undefined || this.weight(value) !== undefined;
  }

  /** Returns the scope of a node's branch or loop body; undefined if the node has no such attribute. */
  inside(node: Node, attribute: string): Scope | undefined {
    const graph = node.subgraph(attribute);
    return graph && Scope.#ofGraph(graph, this.#functions, this);
  }

  /** Returns the scope of the model's own function that the node calls; undefined if it calls an operator. */
  called(node: Node): Scope | undefined {
    const body = this.#functions.find(
      (each) => textOf(each, FUNCTION.name) === node.opType && textOf(each, FUNCTION.domain) === node.domain,
    );
    if (body === undefined) return undefined;
    const outputs = [...fields(body)].filter(({ number }) => number === FUNCTION.output).map(text);
    return new Scope(messages(body, FUNCTION.node), outputs, this.#functions);
  }
}
