import { ATTRIBUTE, FUNCTION, GRAPH, NODE, OPSET, VALUE_INFO } from '../graph/field-numbers.ts';
import { graphsOf, readNode } from '../graph/node.ts';
import { embed, encode, fields, message, text, textOf, type Field } from '../graph/protobuf.ts';
import { isMap, isTensor, readValue } from '../graph/value-type.ts';
import { isZipMap, replaceZipMap } from './zipmap.ts';

/** Parts of a message. They are joined only with the whole model, so that weights are copied once. */
type Parts = readonly Uint8Array[];

/** New names of values, by their old names. */
export type Renamed = ReadonlyMap<string, string>;

/** Rewrites a node of a graph or function: replaces ZipMaps, in nested graphs too, and renames values. */
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

/** Keeps the declaration of a value between nodes only if it is a tensor: engines need none, and maps are gone now. */
export function tensorValueInfo(field: Field): Parts {
  return isTensor(readValue(message(field)).type) ? [field.raw] : [];
}

/** Removes the type of an input or output that was a map: engines infer the types of values that nodes produce. */
export function withoutMapType(field: Field): Uint8Array {
  const value = message(field);
  return isMap(readValue(value).type)
    ? encode(field.number, [encode(VALUE_INFO.name, textOf(value, VALUE_INFO.name))])
    : field.raw;
}

/** Rewrites one of the model's own functions if it contains a ZipMap. */
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

/** Returns the import of ONNX's own operators, which replace a ZipMap, if the model or function lacks it. */
export function missingOpset(all: readonly Field[], number: number): Parts {
  const isOwn = (field: Field): boolean =>
    field.number === number && ['', 'ai.onnx'].includes(textOf(message(field), OPSET.domain));
  return all.some(isOwn) ? [] : [encode(number, [encode(OPSET.domain, ''), encode(OPSET.version, 9)])];
}
