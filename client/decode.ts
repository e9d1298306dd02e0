import { pack, type TensorElement } from './encode.ts';
import { UnexpectedResponse } from './errors.ts';
import { arrayTypes, elementCount, type Datatype, type InferOutput, type TensorData } from './tensors.ts';

/** An output in the JSON of a response. */
export interface JsonOutput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data?: readonly unknown[];
  readonly parameters?: { readonly binary_data_size?: number };
}

/**
 * Decodes the outputs of a response, in its JSON and in the bytes after it.
 * @throws {UnexpectedResponse} if they don't match
 */
export function readOutputs(outputs: readonly JsonOutput[], binary: Uint8Array): InferOutput[] {
  let at = 0;
  return outputs.map((output): InferOutput => {
    const { name, datatype, shape, data, parameters } = output;
    if (!isDatatype(datatype))
      throw new UnexpectedResponse(`The output '${name}' has the unknown datatype ${datatype}.`);
    const size = parameters?.binary_data_size;
    let values: TensorData[Datatype];
    if (size === undefined) {
      // The protocol allows both nested and flat arrays.
      values = fromJson(datatype, (data ?? []).flat(Infinity), name);
    } else {
      if (at + size > binary.length)
        throw new UnexpectedResponse(
          `The output '${name}' should have ${size} bytes, but only ${binary.length - at} were received.`,
        );
      values = fromBytes(datatype, binary.slice(at, at + size), name);
      at += size;
    }
    if (values.length !== elementCount(shape))
      throw new UnexpectedResponse(
        `The output '${name}' has ${values.length} elements, but its shape is [${shape.join(', ')}], ` +
          `which has ${elementCount(shape)}.`,
      );
    return { name, datatype, shape, data: values } as InferOutput;
  });
}

const isDatatype = (text: string): text is Datatype =>
  text === 'BOOL' || text === 'BYTES' || Object.hasOwn(arrayTypes, text);

function fromJson(datatype: Datatype, values: readonly unknown[], name: string): TensorData[Datatype] {
  if (datatype === 'BYTES') return values.map(String);
  if (datatype === 'BOOL') return values.map(Boolean);
  try {
    return new arrayTypes[datatype](pack(datatype, values as readonly TensorElement[]).buffer);
  } catch (cause) {
    throw new UnexpectedResponse(
      `The output '${name}' has an element that is not a valid ${datatype}: ${String(cause)}`,
      {
        cause,
      },
    );
  }
}

function fromBytes(datatype: Datatype, bytes: Uint8Array<ArrayBuffer>, name: string): TensorData[Datatype] {
  if (datatype === 'BYTES') return strings(bytes, name);
  if (datatype === 'BOOL') return Array.from(bytes, (byte) => byte !== 0);
  try {
    return new arrayTypes[datatype](bytes.buffer);
  } catch (cause) {
    throw new UnexpectedResponse(
      `The output '${name}' has ${bytes.length} bytes, which are not valid as ${datatype}: ${String(cause)}`,
      { cause },
    );
  }
}

/** Decodes strings, each of which follows its length in four bytes. */
function strings(bytes: Uint8Array<ArrayBuffer>, name: string): string[] {
  const view = new DataView(bytes.buffer);
  const decoder = new TextDecoder();
  const found: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 4 <= bytes.length ? at + 4 + view.getUint32(at, true) : Infinity;
    if (end > bytes.length) throw new UnexpectedResponse(`The output '${name}' ends in the middle of a string.`);
    found.push(decoder.decode(bytes.subarray(at + 4, end)));
    at = end;
  }
  return found;
}
