import { posix } from 'node:path';
import { ATTRIBUTE, ELEMENT_BITS, ENTRY, FUNCTION, GRAPH, MODEL, NODE, TENSOR } from './field-numbers.ts';
import { concatenate, embed, fields, int64, int64s, message, messages, textOf, type Field } from './protobuf.ts';

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

/** The product of more would take long to compute. */
const MOST_DIMENSIONS = 64;

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
  let [location, type] = [0n, 0n];
  const dims: bigint[] = [];
  // Not as a list of all fields: a tensor may have a field for each of its elements.
  for (const field of fields(tensor)) {
    if (field.number === TENSOR.dataLocation) location = int64(field);
    else if (field.number === TENSOR.dataType) type = int64(field);
    else if (field.number === TENSOR.dims) for (const size of int64s(field)) dims.push(size);
  }
  if (location !== 1n) return undefined;
  const name = textOf(tensor, TENSOR.name);
  if (dims.length > MOST_DIMENSIONS)
    throw new ExternalDataError(`the weight '${name}' has ${dims.length} dimensions. Export the model again.`);
  const pairs = messages(tensor, TENSOR.externalData).map(
    (entry) => [textOf(entry, ENTRY.key), textOf(entry, ENTRY.value)] as const,
  );
  const entries = new Map(pairs);
  if (entries.size < pairs.length)
    throw new ExternalDataError(
      `the weight '${name}' says twice where it is, so that two programs might read different bytes. ` +
        'Export the model again.',
    );
  const elements = dims.reduce((product, size) => product * size, 1n);
  const bits = ELEMENT_BITS[Number(type)];
  const whole = bits === undefined ? undefined : Number((elements * BigInt(bits) + 7n) / 8n);
  const [offset, bytes] = [natural(entries.get('offset') ?? '0'), natural(entries.get('length') ?? String(whole))];
  if (offset === undefined || bytes === undefined) {
    throw new ExternalDataError(
      `the model places the weight '${name}' at byte ${entries.get('offset') ?? '0'} of a file, with the length ` +
        `${entries.get('length') ?? 'left out'}, which is not possible. Export the model again.`,
    );
  }
  return { name, location: checkLocation(entries.get('location') ?? '', name), offset, bytes, ofGraph };
}

/** Returns a number in decimal digits, as the runtime reads it; undefined for anything else. */
function natural(digits: string): number | undefined {
  const value = Number(digits);
  return /^\d+$/.test(digits) && Number.isSafeInteger(value) ? value : undefined;
}

/** Keeps a model from reading files outside its folder. `weightsFile` follows symbolic links. */
function checkLocation(location: string, name: string): string {
  const parts = location.split(/[/\\]/);
  if (
    location === '' ||
    // What is not UTF-8 names another file for the runtime, which it would look for on the disk.
    /[\0\ufffd]/.test(location) ||
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
  return edited(model, (field) => {
    if (field.number === MODEL.graph) return embed(field.number, editGraph(message(field), edit, true));
    if (field.number !== MODEL.functions) return undefined;
    return embed(
      field.number,
      edited(message(field), (part) =>
        part.number === FUNCTION.node ? embed(part.number, editNode(message(part), edit)) : undefined,
      ),
    );
  });
}

function editGraph(graph: Uint8Array, edit: Edit, ofGraph: boolean): Uint8Array[] {
  return edited(graph, (field) => {
    if (field.number === GRAPH.initializer) return changed(field, edit, ofGraph);
    return field.number === GRAPH.node ? embed(field.number, editNode(message(field), edit)) : undefined;
  });
}

function editNode(node: Uint8Array, edit: Edit): Uint8Array[] {
  return edited(node, (field) =>
    field.number === NODE.attribute ? embed(field.number, editAttribute(message(field), edit)) : undefined,
  );
}

/** Returns the fields of a message, with each replaced for which `edit` returns others. */
function edited(parent: Uint8Array, edit: (field: Field) => readonly Uint8Array[] | undefined): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (const field of fields(parent)) {
    const others = edit(field);
    if (others === undefined) parts.push(field.raw);
    else for (const part of others) parts.push(part);
  }
  return parts;
}

/**
 * Skips lists of numbers, of which a forest has millions: an attribute holds only one kind of value, which
 * `checkCanonical` has made sure of.
 */
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
