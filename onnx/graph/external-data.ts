import { posix } from 'node:path';
import { ATTRIBUTE, ELEMENT_BITS, ENTRY, FUNCTION, GRAPH, MODEL, NODE, TENSOR } from './field-numbers.ts';
import { concatenate, embed, fields, int64, int64s, message, textOf, type Field } from './protobuf.ts';

/** A tensor whose bytes are in a file next to the model. */
export interface ExternalTensor {
  readonly name: string;
  /** The file's path as the model writes it. */
  readonly location: string;
  readonly offset: number;
  readonly bytes: number;
  /**
   * Whether it is a weight of the main graph. Engines do not look in memory for the tensors of branches, loops and
   * attributes.
   */
  readonly ofGraph: boolean;
}

/** The weights in a file next to the model cannot be read. The message names the file and says what to do. */
export class ExternalDataError extends Error {
  override readonly name = 'ExternalDataError';
}

/**
 * Returns all tensors whose bytes are in other files.
 *
 * @throws {ExternalDataError} if such a file is outside the model's folder
 */
export function externalTensors(model: Uint8Array): ExternalTensor[] {
  const found: ExternalTensor[] = [];
  editTensors(model, (tensor, ofGraph) => {
    const external = readExternal(tensor, ofGraph);
    if (external !== undefined) found.push(external);
    return undefined;
  });
  return found;
}

/** Returns the model with the tensors that engines do not look up in memory put back into it. */
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
      `the model places the weight '${name}' at byte ${entries.get('offset') ?? '0'} of a file, with the length ` +
        `${entries.get('length') ?? 'left out'}, which is not possible. Export the model again.`,
    );
  }
  return { name, location: checkLocation(entries.get('location') ?? '', name), offset, bytes, ofGraph };
}

/**
 * Keeps a model from reading files outside its folder. Symbolic links are allowed: only somebody who may write to the
 * folder can create one.
 */
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
      `the weight '${name}' is in '${location}', which is not in the model's folder, so Rhizome does not read it. ` +
        'Save the model again with its weights next to it.',
    );
  }
  return location;
}

type Edit = (tensor: Uint8Array, ofGraph: boolean) => readonly Uint8Array[] | undefined;

/** Returns the parts of the model, with each tensor replaced for which `edit` returns another. */
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

/** Skips lists of numbers, of which a forest has millions: an attribute holds only one kind of value. */
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
