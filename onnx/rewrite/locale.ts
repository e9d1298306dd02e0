import { ATTRIBUTE, FUNCTION, GRAPH, MODEL, NODE } from '../graph/field-numbers.ts';
import { graphsOf, readNode, stringAttribute, type Node } from '../graph/node.ts';
import { concatenate, embed, encode, fields, message, textOf, type Field } from '../graph/protobuf.ts';

/** The runtime's C library knows it on every machine. Upper and lower case are as in most other languages. */
const PORTABLE = 'C.UTF-8';
/** In Turkish, Azerbaijani and Lithuanian, the letter i has other capitals. */
const OWN_CASE = /^(?:tr|az|lt)(?:[_.@-]|$)/i;
const OPERATOR = 'StringNormalizer';

/**
 * Sets the locale of each `StringNormalizer` to one that every machine has. skl2onnx writes `en_US`, and without a
 * locale the runtime takes that one too: it refuses to load the model where it is not installed, as in most images.
 *
 * @returns the same object that was passed in, if nothing had to change
 * @throws {ProtobufError} if the bytes are not a complete protobuf message
 */
export function withPortableLocale(model: Uint8Array): Uint8Array {
  const { buffer, byteOffset, byteLength } = model;
  if (process.platform !== 'linux' || !Buffer.from(buffer, byteOffset, byteLength).includes(OPERATOR)) return model;
  return concatenate(
    [...fields(model)].flatMap((field): readonly Uint8Array[] => {
      if (field.number === MODEL.graph) return embed(field.number, graphParts(message(field), GRAPH.node));
      if (field.number === MODEL.functions) return embed(field.number, graphParts(message(field), FUNCTION.node));
      return [field.raw];
    }),
  );
}

/** Rewrites the nodes of a graph or function. */
function graphParts(graph: Uint8Array, nodes: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (const field of fields(graph))
    for (const part of field.number === nodes ? nodeParts(field) : [field.raw]) parts.push(part);
  return parts;
}

function nodeParts(field: Field): readonly Uint8Array[] {
  const node = readNode(message(field));
  const normalizer = node.opType === OPERATOR && node.domain === '';
  if (normalizer ? OWN_CASE.test(localeOf(node)) : node.subgraphs.length === 0) return [field.raw];
  const parts = [...fields(node.message)].flatMap((part): readonly Uint8Array[] => {
    if (part.number !== NODE.attribute) return [part.raw];
    const attribute = message(part);
    if (normalizer) return textOf(attribute, ATTRIBUTE.name) === 'locale' ? [] : [part.raw];
    return graphsOf(attribute).length > 0 ? embed(part.number, attributeParts(attribute)) : [part.raw];
  });
  if (normalizer) parts.push(encode(NODE.attribute, [stringAttribute('locale', PORTABLE)]));
  return embed(field.number, parts);
}

function attributeParts(attribute: Uint8Array): Uint8Array[] {
  return [...fields(attribute)].flatMap((field) =>
    field.number === ATTRIBUTE.graph || field.number === ATTRIBUTE.graphs
      ? embed(field.number, graphParts(message(field), GRAPH.node))
      : [field.raw],
  );
}

const localeOf = (node: Node): string => node.string('locale') ?? '';
