import { graphsOf, readNode } from '../graph/node.ts';
import { ATTRIBUTE, FUNCTION, GRAPH, NODE, OPSET, VALUE_INFO } from '../graph/field-numbers.ts';
import { embed, encode, fields, message, text, textOf, type Field } from '../graph/protobuf.ts';
import { isMap, isTensor, readValue } from '../graph/value-type.ts';
import { isZipMap, replaceZipMap } from './zipmap.ts';

/** Parts of a message, which are not joined before the whole model is: weights are copied once. */
type Parts = readonly Uint8Array[];

export type Renamed = ReadonlyMap<string, string>;

/** A node of a graph or a function: a ZipMap gives a tensor, here and in the graphs inside; and values have their new names. */
export function rewriteNode(field: Field, renamed: Renamed): Parts {
  const node = readNode(message(field));
  const rename = (name: string): string => renamed.get(name) ?? name;
  if (isZipMap(node)) {
    return replaceZipMap({ ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) }).map((each) =>
      encode(field.number, [each]),
    );
  }
  if (node.subgraphs.length === 0 && ![...node.inputs, ...node.outputs].some((name) => renamed.has(name)))
    return [field.raw];
  return embed(
    field.number,
    [...fields(node.message)].flatMap((part): Parts => {
      if (part.number === NODE.input || part.number === NODE.output) return [encode(part.number, rename(text(part)))];
      return part.number === NODE.attribute && graphsOf(message(part)).length > 0
        ? embed(part.number, rewriteAttribute(message(part), renamed))
        : [part.raw];
    }),
  );
}

function rewriteAttribute(attribute: Uint8Array, renamed: Renamed): Parts {
  return [...fields(attribute)].flatMap((field): Parts =>
    field.number === ATTRIBUTE.graph || field.number === ATTRIBUTE.graphs
      ? embed(field.number, rewriteSubgraph(message(field), renamed))
      : [field.raw],
  );
}

function rewriteSubgraph(graph: Uint8Array, renamed: Renamed): Parts {
  return [...fields(graph)].flatMap((field): Parts => {
    switch (field.number) {
      case GRAPH.node:
        return rewriteNode(field, renamed);
      case GRAPH.input:
      case GRAPH.output:
        return [withoutMapType(field)];
      case GRAPH.valueInfo:
        return tensorValueInfo(field);
      default:
        return [field.raw];
    }
  });
}

/** What is declared of values between nodes no engine needs: that of maps, which are none any more, is left out. */
export function tensorValueInfo(field: Field): Parts {
  return isTensor(readValue(message(field)).type) ? [field.raw] : [];
}

/** An input or output that was a map is declared by its name alone: engines know the type of what a node gives. */
export function withoutMapType(field: Field): Uint8Array {
  const value = message(field);
  return isMap(readValue(value).type)
    ? encode(field.number, [encode(VALUE_INFO.name, textOf(value, VALUE_INFO.name))])
    : field.raw;
}

export function rewriteFunction(field: Field): Parts {
  const function_ = [...fields(message(field))];
  if (!function_.some((part) => part.number === FUNCTION.node && hasZipMap(message(part)))) return [field.raw];
  const parts = function_.flatMap((part) =>
    part.number === FUNCTION.node ? rewriteNode(part, new Map()) : [part.raw],
  );
  return embed(field.number, [...parts, ...missingOpset(function_, FUNCTION.opsetImport)]);
}

function hasZipMap(bytes: Uint8Array): boolean {
  const node = readNode(bytes);
  return (
    isZipMap(node) ||
    node.subgraphs.some((graph) =>
      [...fields(graph)].some((field) => field.number === GRAPH.node && hasZipMap(message(field))),
    )
  );
}

/** What takes a ZipMap's place is of ONNX's own operators, which a model need not have used. */
export function missingOpset(all: readonly Field[], number: number): Parts {
  const isOwn = (field: Field): boolean =>
    field.number === number && ['', 'ai.onnx'].includes(textOf(message(field), OPSET.domain));
  return all.some(isOwn) ? [] : [encode(number, [encode(OPSET.domain, ''), encode(OPSET.version, 9)])];
}
