import type { DType, Tensor, TensorData } from '../../../onnx/engine/engine.ts';
import { arrayTypes } from '../../../onnx/engine/array-types.ts';
import { formatCount } from '../../inference/format-value.ts';
import { invalidTensor } from '../../inference/tensor-shape.ts';
import { paths } from '../../contract/index.ts';
import { datatypeOf } from './datatypes.ts';

/** The size of the length in front of each element of BYTES. */
const LENGTH_BYTES = 4;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads the elements of a tensor from the bytes of the binary extension or of gRPC's raw contents. They are
 * little-endian, as the protocol requires; so is every platform that Node and the runtime support. The result is a view
 * of the bytes if their position allows it.
 *
 * @param count the number of elements according to the tensor's shape
 * @throws {ServiceError} `invalid-input`, naming the tensor
 */
export function readRaw(name: string, dtype: DType, count: number, bytes: Uint8Array): TensorData {
  if (dtype === 'string') return readTexts(name, count, bytes);
  const ArrayType = arrayTypes[dtype];
  const expected = count * ArrayType.BYTES_PER_ELEMENT;
  if (bytes.length !== expected) {
    throw invalidTensor(
      name,
      `it has ${formatCount(bytes.length, 'byte')}, ` +
        `expected ${expected} for ${formatCount(count, 'element')} of ${datatypeOf(dtype)}`,
    );
  }
  // A typed array must start at a multiple of its element size, but the bytes may start anywhere in the body.
  const data =
    bytes.byteOffset % ArrayType.BYTES_PER_ELEMENT === 0
      ? new ArrayType(bytes.buffer as ArrayBuffer, bytes.byteOffset, count)
      : new ArrayType(new Uint8Array(bytes).buffer);
  if (dtype === 'bool') checkBooleans(name, data as Uint8Array);
  return data;
}

function checkBooleans(name: string, data: Uint8Array): void {
  const index = data.findIndex((byte) => byte > 1);
  if (index >= 0) throw invalidTensor(name, `element ${index} is the byte ${data[index] ?? ''}, expected 0 or 1`);
}

function readTexts(name: string, count: number, bytes: Uint8Array): readonly string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts: string[] = [];
  let offset = 0;
  for (let index = 0; index < count; index++) {
    const start = offset + LENGTH_BYTES;
    if (start > bytes.length)
      throw invalidTensor(
        name,
        `it ends after ${formatCount(bytes.length, 'byte')}, before element ${index} of ${count}`,
      );
    const length = view.getUint32(offset, true);
    offset = start + length;
    if (offset > bytes.length)
      throw invalidTensor(
        name,
        `element ${index} declares ${formatCount(length, 'byte')}, but has only ${bytes.length - start}`,
      );
    texts.push(readText(name, index, bytes.subarray(start, offset)));
  }
  if (offset < bytes.length)
    throw invalidTensor(
      name,
      `it has ${formatCount(bytes.length - offset, 'byte')} too many for ${formatCount(count, 'element')}`,
    );
  return texts;
}

/**
 * Reads an element of BYTES, which is a text for the model.
 *
 * @throws {ServiceError} `invalid-input`, naming the tensor
 */
export function readText(name: string, index: number, bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw invalidTensor(
      name,
      `element ${index} is not UTF-8, as texts are. Send the tensor of an image, or the image to ` +
        `POST ${paths.models}/{name}${paths.predictions}`,
      cause,
    );
  }
}

/** Writes the bytes of a tensor, for the binary extension and for gRPC's raw contents. */
export function writeRaw({ data }: Pick<Tensor, 'data'>): Uint8Array {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return Buffer.concat(
    data.flatMap((text) => {
      const bytes = Buffer.from(text, 'utf8');
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}
