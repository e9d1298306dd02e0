import { posix } from 'node:path';
import { ATTRIBUTE, ELEMENT_BITS, ENTRY, FUNCTION, GRAPH, MODEL, NODE, TENSOR } from './field-numbers.ts';
import { concatenate, embed, fields, int64, int64s, message, textOf, type Field } from './protobuf.ts';

/** A tensor whose bytes are in a file beside the model. */
export interface ExternalTensor {
  readonly name: string;
  /** The file, as the model names it. */
  readonly location: string;
  readonly offset: number;
  readonly bytes: number;
  /** Whether it is a weight of the graph itself: for those of branches, loops and attributes engines do not look into memory. */
  readonly ofGraph: boolean;
}

/** A model's weights in other files cannot be had; the message names the file and what to do. */
export class ExternalDataError extends Error {
  override readonly name = 'ExternalDataError';
}

/** All tensors whose bytes are in other files. @throws ExternalDataError where such a file is outside of the model's folder */
export function externalTensors(model: Uint8Array): ExternalTensor[] {
  const found: ExternalTensor[] = [];
  editTensors(model, (tensor, ofGraph) => {
    const external = readExternal(tensor, ofGraph);
    if (external !== undefined) found.push(external);
    return undefined;
  });
  return found;
}

/** The model with the tensors that engines do not find in memory put back into it. */
export function withInnerTensors(model: Uint8Array, file: (location: string) => Uint8Array): Uint8Array {
  return concatenate(
    editTensors(model, (tensor, ofGraph) => {
      const external = readExternal(tensor, ofGraph);
      if (external === undefined || ofGraph) return undefined;
      const kept = [...fields(tensor)].filter(
        ({ number }) => number !== TENSOR.externalData && number !== TENSOR.dataLocation,
      );
      const data = file(external.location).subarray(external.offset, external.offset + external.bytes);
      return [...kept.map(({ raw }) => raw), ...embed(TENSOR.rawData, [data])];
    }),
  );
}

function readExternal(tensor: Uint8Array, ofGraph: boolean): ExternalTensor | undefined {
  const all = [...fields(tensor)];
  const number = (wanted: number): bigint => all.filter((field) => field.number === wanted).map(int64)[0] ?? 0n;
  if (number(TENSOR.dataLocation) !== 1n) return undefined;
  const name = textOf(tensor, TENSOR.name);
  const entries = new Map(
    all
      .filter((field) => field.number === TENSOR.externalData)
      .map(message)
      .map((entry) => [textOf(entry, ENTRY.key), textOf(entry, ENTRY.value)]),
  );
  const elements = all
    .filter((field) => field.number === TENSOR.dims)
    .flatMap((field) => [...int64s(field)])
    .reduce((product, size) => product * size, 1n);
  const bits = ELEMENT_BITS[Number(number(TENSOR.dataType))];
  const whole = bits === undefined ? undefined : Number((elements * BigInt(bits) + 7n) / 8n);
  const [offset, bytes] = [Number(entries.get('offset') ?? 0), Number(entries.get('length') ?? whole)];
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(bytes) || offset < 0 || bytes < 0) {
    throw new ExternalDataError(
      `the weight '${name}' is said to be at byte ${entries.get('offset') ?? '0'} of another file, ${entries.get('length') ?? 'some'} bytes long, which cannot be: export the model again`,
    );
  }
  return { name, location: checkLocation(entries.get('location') ?? '', name), offset, bytes, ofGraph };
}

/** A model is not to read what its folder does not hold. Links are not followed to see: whoever puts them there may. */
function checkLocation(location: string, name: string): string {
  const parts = location.split(/[/\\]/);
  if (
    location === '' ||
    posix.isAbsolute(location) ||
    location.startsWith('\\') ||
    /^[a-z]:/i.test(location) ||
    parts.includes('..')
  ) {
    throw new ExternalDataError(
      `the weight '${name}' is in '${location}', which is not in the model's folder, and so not read: save the model again with its weights beside it`,
    );
  }
  return location;
}

type Edit = (tensor: Uint8Array, ofGraph: boolean) => readonly Uint8Array[] | undefined;

/** The model's parts, of which some tensors are others. */
function editTensors(model: Uint8Array, edit: Edit): Uint8Array[] {
  return [...fields(model)].flatMap((field) => {
    if (field.number === MODEL.graph) return embed(field.number, editGraph(message(field), edit, true));
    if (field.number !== MODEL.functions) return [field.raw];
    return embed(
      field.number,
      [...fields(message(field))].flatMap((part) =>
        part.number === FUNCTION.node ? embed(part.number, editNode(message(part), edit)) : [part.raw],
      ),
    );
  });
}

function editGraph(graph: Uint8Array, edit: Edit, ofGraph: boolean): Uint8Array[] {
  return [...fields(graph)].flatMap((field) => {
    if (field.number === GRAPH.initializer) return changed(field, edit, ofGraph);
    return field.number === GRAPH.node ? embed(field.number, editNode(message(field), edit)) : [field.raw];
  });
}

function editNode(node: Uint8Array, edit: Edit): Uint8Array[] {
  return [...fields(node)].flatMap((field) => {
    if (field.number !== NODE.attribute) return [field.raw];
    return embed(field.number, editAttribute(message(field), edit));
  });
}

/** Lists of numbers, millions in a forest, are not walked: an attribute has one kind of value. */
function editAttribute(attribute: Uint8Array, edit: Edit): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (const field of fields(attribute)) {
    switch (field.number) {
      case ATTRIBUTE.name:
      case ATTRIBUTE.type:
        parts.push(field.raw);
        break;
      case ATTRIBUTE.tensor:
      case ATTRIBUTE.tensors:
        parts.push(...changed(field, edit, false));
        break;
      case ATTRIBUTE.graph:
      case ATTRIBUTE.graphs:
        parts.push(...embed(field.number, editGraph(message(field), edit, false)));
        break;
      default:
        return [attribute];
    }
  }
  return parts;
}

function changed(field: Field, edit: Edit, ofGraph: boolean): readonly Uint8Array[] {
  const tensor = edit(message(field), ofGraph);
  return tensor === undefined ? [field.raw] : embed(field.number, tensor);
}
