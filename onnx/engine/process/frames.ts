/**
 * The messages between the service and an inference process. One message is one frame:
 *
 *     float64  bytes of the whole frame
 *     uint32   bytes of the header
 *     uint32   number of parts
 *     float64  bytes of each part
 *     …        the header: JSON
 *     …        the parts: the bytes of tensors or files
 *
 * Every field starts at a multiple of 8 bytes, so that a tensor can be used where it is, without a copy.
 */

export interface Frame {
  readonly header: unknown;
  readonly parts: readonly Uint8Array[];
}

/** How many bytes of a frame show how long it is. */
export const preludeBytes = 16;

/** Small frames are written as one piece: copying their parts takes less time than writing several pieces. */
const copyBelow = 16 * 1024;

const padding = new Uint8Array(8);
const aligned = (bytes: number): number => Math.ceil(bytes / 8) * 8;

/** Returns the length of the frame that starts at `offset`, of which at least `preludeBytes` are there. */
export function frameBytes(bytes: Buffer, offset: number): number {
  return bytes.readDoubleLE(offset);
}

/** Returns the pieces of a frame, to be written in this order. Large parts are not copied. */
export function encodeFrame({ header, parts }: Frame): Uint8Array[] {
  const text = JSON.stringify(header);
  const tableBytes = preludeBytes + 8 * parts.length;
  // A UTF-16 code unit has at most three bytes in UTF-8.
  const head = Buffer.allocUnsafe(tableBytes + aligned(3 * text.length));
  const headerBytes = head.write(text, tableBytes);
  let total = tableBytes + aligned(headerBytes);
  const pieces: Uint8Array[] = [head.subarray(0, total)];
  for (const [index, part] of parts.entries()) {
    head.writeDoubleLE(part.byteLength, preludeBytes + 8 * index);
    pieces.push(part, padding.subarray(0, aligned(part.byteLength) - part.byteLength));
    total += aligned(part.byteLength);
  }
  head.writeDoubleLE(total, 0);
  head.writeUInt32LE(headerBytes, 8);
  head.writeUInt32LE(parts.length, 12);
  return total < copyBelow ? [Buffer.concat(pieces, total)] : pieces.filter((piece) => piece.byteLength > 0);
}

/** Returns the frame that starts at `start`. Its parts are views of the bytes. */
export function decodeFrame(bytes: Buffer, start: number): Frame {
  const headerBytes = bytes.readUInt32LE(start + 8);
  const partCount = bytes.readUInt32LE(start + 12);
  let offset = start + preludeBytes + 8 * partCount;
  const header: unknown = JSON.parse(bytes.toString('utf8', offset, offset + headerBytes));
  offset += aligned(headerBytes);
  const parts = Array.from({ length: partCount }, (_, index) => {
    const length = bytes.readDoubleLE(start + preludeBytes + 8 * index);
    const part = bytes.subarray(offset, offset + length);
    offset += aligned(length);
    return part;
  });
  return { header, parts };
}
