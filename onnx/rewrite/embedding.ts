import type { Conversions } from '../graph/conversions.ts';
import { GRAPH, MODEL, VALUE_INFO } from '../graph/field-numbers.ts';
import { constantInts, intAttribute, newNode } from '../graph/node.ts';
import { concatenate, embed, encode, fields, message, messages, textOf } from '../graph/protobuf.ts';
import { readValue, type TensorType } from '../graph/value-type.ts';
import type { EmbeddingJson, ModelJson } from '../signature/model-json.ts';
import { SignatureError } from '../signature/tensor-spec.ts';
import { tokenInputs, type TokenInputs, type TokensJson } from '../signature/tokens.ts';
import { castNode, declareValue } from './replacement.ts';
import { rewriteNode } from './rewrite-nodes.ts';

/** A model with some nodes more. */
export interface Embedded {
  readonly model: Uint8Array;
  readonly conversions: Conversions;
}

/**
 * Makes embeddings of the outputs for which `model.json` asks for them.
 *
 * @returns the same object that was passed in, if there are none
 * @throws {SignatureError} if the graph has no such output, or it is not a vector for each row or token
 */
export function withEmbeddings<T extends Embedded>(whole: T, { features = [], outputs = {} }: EmbeddedJson): T {
  const tokens = features.find(({ decode }) => decode?.tokens !== undefined)?.decode?.tokens;
  let changed = whole;
  for (const [name, { embedding }] of Object.entries(outputs))
    if (embedding !== undefined) changed = { ...changed, ...withEmbedding(changed, name, embedding, tokens) };
  return changed;
}

/** What `model.json` says about texts and embeddings. */
type EmbeddedJson = Pick<ModelJson, 'features' | 'outputs'>;

/**
 * Makes an embedding of an output: nodes that pool, normalize and round are added to the graph, so that all APIs
 * return it, and the vectors of the tokens are never copied.
 *
 * @param output the name of the output, which the embedding gets
 * @param tokens how texts become tokens; undefined if the model has no texts
 */
function withEmbedding(
  { model, conversions }: Embedded,
  output: string,
  embedding: EmbeddingJson,
  tokens: TokensJson | undefined,
): Embedded {
  const [graph = new Uint8Array()] = messages(model, MODEL.graph);
  const values = messages(graph, GRAPH.output).map(readValue);
  const inputs = messages(graph, GRAPH.input).map(readValue);
  const declared = values.find(({ name }) => name === output);
  if (declared === undefined)
    throw new SignatureError(
      `model.json makes an embedding of the output '${output}', which the model lacks: it has ` +
        values.map(({ name }) => name).join(', '),
    );
  const type = declared.type.kind === 'tensor' ? declared.type : undefined;
  const rank = type?.shape?.length;
  if (type === undefined || (rank !== 2 && rank !== 3))
    throw new SignatureError(
      `model.json makes an embedding of the output '${output}', which is not a vector for each row or token`,
    );
  const inside = `rhizome/${output}`;
  const nodes = embeddingNodes(
    inside,
    output,
    embedding,
    rank === 3 ? poolingOf(embedding, output, () => tokens && tokenInputs(tokens, inputs)) : undefined,
  );
  const renamed = new Map([[output, inside]]);
  const rewritten: Uint8Array[] = [];
  for (const field of fields(graph)) {
    if (field.number === GRAPH.node) for (const part of rewriteNode(field, renamed)) rewritten.push(part);
    else if (field.number === GRAPH.output && textOf(message(field), VALUE_INFO.name) === output)
      rewritten.push(declareValue(GRAPH.output, output, dtypeOf(embedding), embeddingShape(type)));
    else if (field.number !== GRAPH.valueInfo || textOf(message(field), VALUE_INFO.name) !== output)
      rewritten.push(field.raw);
  }
  const added = nodes.map((node) => encode(GRAPH.node, [node]));
  const parts = [...fields(model)].flatMap((field) =>
    field.number === MODEL.graph ? embed(MODEL.graph, [...rewritten, ...added]) : [field.raw],
  );
  return { model: concatenate(parts), conversions: { ...conversions, after: conversions.after + nodes.length } };
}

/** A rounded number is a float64: the nearest float32 would have digits that were rounded away. */
const dtypeOf = ({ decimals }: EmbeddingJson): string => (decimals === undefined ? 'float32' : 'float64');

const embeddingShape = ({ shape = [] }: TensorType): (number | string)[] => [shape[0] ?? '', shape.at(-1) ?? ''];

/** How the vectors of the tokens become one. */
type Pooling = { readonly pool: 'cls' } | { readonly pool: 'mean'; readonly tokens: TokenInputs };

function poolingOf({ pool = 'mean' }: EmbeddingJson, output: string, tokens: () => TokenInputs | undefined): Pooling {
  if (pool === 'cls') return { pool };
  const inputs = tokens();
  if (inputs !== undefined) return { pool, tokens: inputs };
  throw new SignatureError(
    `model.json makes an embedding of the output '${output}', which has a vector for each token, but no feature is a ` +
      'text: declare "decode": {"tokens": {}} for one.',
  );
}

/**
 * Returns the nodes between the original value and the embedding. They use only operators that mean the same in all
 * versions since the seventh, so that any model can have them.
 */
function embeddingNodes(
  from: string,
  to: string,
  embedding: EmbeddingJson,
  pooling: Pooling | undefined,
): Uint8Array[] {
  const nodes: Uint8Array[] = [];
  const add = (opType: string, inputs: readonly string[], attributes: readonly Uint8Array[] = []): string => {
    const output = `${from}/${nodes.length}`;
    nodes.push(newNode({ opType, name: output, inputs, outputs: [output], attributes }));
    return output;
  };
  const cast = (value: string, dtype: string): string => {
    const output = `${from}/${nodes.length}`;
    nodes.push(castNode(value, output, dtype));
    return output;
  };
  const ints = (values: number | readonly number[]): string => {
    const output = `${from}/${nodes.length}`;
    nodes.push(constantInts(output, values));
    return output;
  };
  const number = (value: number): string => cast(ints(value), dtypeOf(embedding));

  let value = cast(from, 'float32');
  if (pooling?.pool === 'cls') value = add('Gather', [value, ints(0)], [intAttribute('axis', 1)]);
  if (pooling?.pool === 'mean') {
    const { ids, mask } = pooling.tokens;
    // Every token is equal to itself.
    const weights = cast(mask ?? add('Equal', [ids, ids]), 'float32');
    const row = add('Reshape', [weights, ints([0, 1, -1])]);
    const column = add('Reshape', [weights, ints([0, -1, 1])]);
    const sum = add('MatMul', [row, value]);
    // A text without tokens has no mean.
    const count = add('Max', [add('MatMul', [row, column]), cast(ints(1), 'float32')]);
    value = add('Reshape', [add('Div', [sum, count]), ints([0, -1])]);
  }
  // By default, the last dimension is scaled to the Euclidean length 1.
  if (embedding.normalize !== false) value = add('LpNormalization', [value]);
  if (embedding.decimals !== undefined) {
    const scale = number(10 ** embedding.decimals);
    const half = add('Div', [number(1), number(2)]);
    // Unlike Round, Floor has no negative zero here, and exists in all versions.
    const whole = add('Floor', [add('Add', [add('Mul', [cast(value, 'float64'), scale]), half])]);
    value = add('Div', [whole, scale]);
  }
  nodes.push(newNode({ opType: 'Identity', name: to, inputs: [value], outputs: [to] }));
  return nodes;
}
