import { concatenate, encode, fields, int64s, message, text, type Field } from './protobuf.ts';

/**
 * A class label as the graph holds it. The trainer's own names (`setosa`) are often numbers there; `model.json` names them.
 */
export type ClassLabel = bigint | string;

export interface ZipMapRemoval {
  /** The model to load: the very bytes given where there is no ZipMap. */
  readonly model: Uint8Array;
  /** By the name of the graph's output, which stays as it was and is now a float32 tensor of shape [N, labels]. */
  readonly labels: ReadonlyMap<string, readonly ClassLabel[]>;
}

// Field numbers of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
const MODEL = { graph: 7, opsetImport: 8 };
const OPSET = { domain: 1, version: 2 };
const GRAPH = { node: 1, output: 12 };
const NODE = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7 };
const ATTRIBUTE = { name: 1, ints: 8, strings: 9 };
const VALUE_INFO = { name: 1, type: 2 };
const TYPE = { tensor: 1 };
const TENSOR = { elementType: 1, shape: 2 };
const SHAPE = { dimension: 1 };
const DIMENSION = { value: 1 };
const FLOAT = 1;
const IDENTITY_OPSET = 9;

/**
 * Makes the probabilities of a classifier a tensor again. skl2onnx ends its graphs in a ZipMap, whose output is a sequence
 * of maps from label to probability, which onnxruntime-node refuses at run. Its input is the tensor [N, labels] that we
 * want: each ZipMap becomes an Identity, the output's declared type a tensor, and the labels are handed to the caller.
 *
 * @throws ProtobufError where the bytes are not a whole protobuf message.
 */
export function removeZipMap(model: Uint8Array): ZipMapRemoval {
  const modelFields = [...fields(model)];
  const graphField = modelFields.find((field) => field.number === MODEL.graph);
  const graph = graphField ? [...fields(message(graphField))] : [];
  const zipMaps = new Map(graph.flatMap((field) => {
    const zipMap = field.number === GRAPH.node ? readZipMap(field) : undefined;
    return zipMap ? [[field, zipMap] as const] : [];
  }));
  if (zipMaps.size === 0) return { model, labels: new Map() };

  const labels = new Map([...zipMaps.values()].map((zipMap) => [zipMap.output, zipMap.labels]));
  const newGraph = graph.map((field) => {
    const zipMap = zipMaps.get(field);
    if (zipMap) return identity(zipMap);
    const columns = field.number === GRAPH.output ? labels.get(valueName(field))?.length : undefined;
    return columns === undefined ? field.raw : floatOutput(valueName(field), columns);
  });
  const parts = modelFields.map((field) => (field === graphField ? encode(MODEL.graph, newGraph) : field.raw));
  if (!modelFields.some(isDefaultOpset)) {
    parts.push(encode(MODEL.opsetImport, [encode(OPSET.domain, ''), encode(OPSET.version, IDENTITY_OPSET)]));
  }
  return { model: concatenate(parts), labels };
}

interface ZipMap {
  readonly name: string;
  readonly input: string;
  readonly output: string;
  readonly labels: readonly ClassLabel[];
}

function readZipMap(node: Field): ZipMap | undefined {
  const all = [...fields(message(node))];
  const first = (number: number): string => {
    const field = all.find((candidate) => candidate.number === number);
    return field ? text(field) : '';
  };
  if (first(NODE.opType) !== 'ZipMap' || first(NODE.domain) !== 'ai.onnx.ml') return undefined;
  const labels = all.filter((field) => field.number === NODE.attribute).flatMap((field) => readLabels(message(field)));
  return { name: first(NODE.name), input: first(NODE.input), output: first(NODE.output), labels };
}

function readLabels(attribute: Uint8Array): ClassLabel[] {
  const all = [...fields(attribute)];
  const name = all.find((field) => field.number === ATTRIBUTE.name);
  if (!name || !text(name).startsWith('classlabels_')) return [];
  return all.flatMap((field): ClassLabel[] => {
    if (field.number === ATTRIBUTE.ints) return [...int64s(field)];
    return field.number === ATTRIBUTE.strings ? [text(field)] : [];
  });
}

function identity(zipMap: ZipMap): Uint8Array {
  return encode(GRAPH.node, [
    encode(NODE.input, zipMap.input),
    encode(NODE.output, zipMap.output),
    encode(NODE.name, zipMap.name),
    encode(NODE.opType, 'Identity'),
  ]);
}

function floatOutput(name: string, columns: number): Uint8Array {
  const anyRows = encode(SHAPE.dimension, []);
  const shape = encode(TENSOR.shape, [anyRows, encode(SHAPE.dimension, [encode(DIMENSION.value, columns)])]);
  const tensor = encode(TYPE.tensor, [encode(TENSOR.elementType, FLOAT), shape]);
  return encode(GRAPH.output, [encode(VALUE_INFO.name, name), encode(VALUE_INFO.type, [tensor])]);
}

function valueName(valueInfo: Field): string {
  const name = [...fields(message(valueInfo))].find((field) => field.number === VALUE_INFO.name);
  return name ? text(name) : '';
}

function isDefaultOpset(field: Field): boolean {
  if (field.number !== MODEL.opsetImport) return false;
  const domain = [...fields(message(field))].find((part) => part.number === OPSET.domain);
  return domain === undefined || text(domain) === '';
}
