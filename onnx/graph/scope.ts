import { FUNCTION, GRAPH, MODEL, TENSOR, VALUE_INFO } from './field-numbers.ts';
import { readNode, type Node } from './node.ts';
import { messages, textOf } from './protobuf.ts';
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
  readonly #functions: Functions;
  readonly #graph: Uint8Array | undefined;
  readonly #around: Scope | undefined;
  #origins: Map<string, Origin> | undefined;
  #types: Map<string, ValueType> | undefined;
  #weights: Map<string, Uint8Array> | undefined;
  readonly #insides = new Map<Node, Map<string, Scope | undefined>>();
  readonly #derived = new Map<string, unknown>();

  private constructor(
    nodes: readonly Uint8Array[],
    outputs: readonly string[],
    functions: Functions,
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
    return Scope.#ofGraph(graph, { bodies: bodiesByName(model), scopes: new Map(), depth: 0 });
  }

  static #ofGraph(graph: Uint8Array, functions: Functions, around?: Scope): Scope {
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
    this.#weights ??= new Map(
      messages(this.#graph ?? new Uint8Array(), GRAPH.initializer).map((tensor) => [
        textOf(tensor, TENSOR.name),
        tensor,
      ]),
    );
    return this.#weights.get(value) ?? this.#around?.weight(value);
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

  /**
   * Returns what `derive` finds out about a value of this graph, and calls it once for each: the branches of an If
   * often pass on the same value, which would double the time with every If behind another.
   *
   * @param what what is derived
   * @returns undefined also for a value that depends on itself, or through more nodes than the stack has room for
   */
  once<T>(what: string, value: string, derive: () => T | undefined): T | undefined {
    const key = `${what} ${value}`;
    if (this.#derived.has(key)) return this.#derived.get(key) as T | undefined;
    if (this.#functions.depth === MOST_STEPS) return undefined;
    this.#derived.set(key, undefined);
    this.#functions.depth++;
    try {
      const found = derive();
      this.#derived.set(key, found);
      return found;
    } finally {
      this.#functions.depth--;
    }
  }

  /** Returns the scope of a node's branch or loop body; undefined if the node has no such attribute. */
  inside(node: Node, attribute: string): Scope | undefined {
    const known = this.#insides.get(node) ?? new Map<string, Scope | undefined>();
    this.#insides.set(node, known);
    if (!known.has(attribute)) {
      const graph = node.subgraph(attribute);
      known.set(attribute, graph && Scope.#ofGraph(graph, this.#functions, this));
    }
    return known.get(attribute);
  }

  /** Returns the scope of the model's own function that the node calls; undefined if it calls an operator. */
  called(node: Node): Scope | undefined {
    const { bodies, scopes } = this.#functions;
    const name = nameOf(node.domain, node.opType);
    const body = bodies.get(name);
    if (body === undefined) return undefined;
    const known = scopes.get(name);
    if (known !== undefined) return known;
    const outputs = messages(body, FUNCTION.output).map((output) => new TextDecoder().decode(output));
    const scope = new Scope(messages(body, FUNCTION.node), outputs, this.#functions);
    scopes.set(name, scope);
    return scope;
  }
}

/** How many values `once` follows, one from another. */
const MOST_STEPS = 1000;

/** The model's own functions, by their names. All scopes of a model share this. */
interface Functions {
  readonly bodies: ReadonlyMap<string, Uint8Array>;
  readonly scopes: Map<string, Scope>;
  /** How many derivations are in progress. */
  depth: number;
}

const nameOf = (domain: string, name: string): string => `${domain} ${name}`;

function bodiesByName(model: Uint8Array): Map<string, Uint8Array> {
  return new Map(
    messages(model, MODEL.functions).map((body) => [
      nameOf(textOf(body, FUNCTION.domain), textOf(body, FUNCTION.name)),
      body,
    ]),
  );
}
