import type { IncomingHttpHeaders } from 'node:http2';
import { promisify } from 'node:util';
import type { Encoding } from '../../exchange/encodings.ts';
import { compress, isCompressible } from '../../exchange/response/compress.ts';
import { MessageTooLarge, PREFIX_BYTES, writePrefix } from './messages.ts';

/** The functions of `node:zlib`, which is loaded for the first compressed message. */
const decoders = new Map([
  ['gzip', 'gunzip'],
  ['deflate', 'inflate'],
] as const);

/** The value of `grpc-accept-encoding`: the encodings of requests. */
export const ACCEPTED_ENCODINGS = ['identity', ...decoders.keys()].join(',');

/** A client compresses its messages in a way that the server does not support. */
export class UnknownEncoding extends Error {
  override readonly name = 'UnknownEncoding';
}

/** The message that is decompressed at present. */
let present: Promise<unknown> = Promise.resolve();

/**
 * Decompresses a message, one at a time: a kilobyte may become a megabyte, which counts as memory only afterwards.
 *
 * @param encoding the header `grpc-encoding`
 * @param limit the size of the largest message
 * @throws {UnknownEncoding}
 * @throws {MessageTooLarge} if it is larger than the limit after it is decompressed
 * @throws the error of zlib if the bytes are invalid
 */
export function decompress(bytes: Buffer, encoding: string | undefined, limit: number): Promise<Buffer> {
  const message = present.then(() => decompressNow(bytes, encoding, limit));
  present = message.catch(() => undefined);
  return message;
}

async function decompressNow(bytes: Buffer, encoding: string | undefined, limit: number): Promise<Buffer> {
  const decoder = (decoders as ReadonlyMap<string, 'gunzip' | 'inflate'>).get(encoding ?? '');
  if (decoder === undefined) throw new UnknownEncoding();
  try {
    return await promisify(process.getBuiltinModule('node:zlib')[decoder])(bytes, {
      maxOutputLength: Math.max(limit, 1),
    });
  } catch (error) {
    if (error instanceof RangeError) throw new MessageTooLarge();
    throw error;
  }
}

/**
 * Returns how responses are compressed: as the client compresses its requests, if it accepts that. Most clients accept
 * gzip without being told to, so that alone does not mean that they ask for it.
 */
export function responseEncodingOf(headers: IncomingHttpHeaders): Encoding | undefined {
  const encoding = headers['grpc-encoding'];
  if (encoding !== 'gzip' && encoding !== 'deflate') return undefined;
  const accepted = String(headers['grpc-accept-encoding'] ?? '').split(',');
  return accepted.some((each) => each.trim() === encoding) ? encoding : undefined;
}

/** Compresses a message with its prefix; without a promise if it is sent as it is. */
export function compressFrame(frame: Buffer, encoding: Encoding | undefined): Buffer | Promise<Buffer> {
  const bytes = frame.length - PREFIX_BYTES;
  if (encoding === undefined || !isCompressible(bytes)) return frame;
  const compressing = compress([frame.subarray(PREFIX_BYTES)], bytes, encoding);
  return compressing?.then((parts) => (parts === undefined ? frame : compressedFrame(parts))) ?? frame;
}

function compressedFrame(parts: readonly Uint8Array[]): Buffer {
  const frame = Buffer.concat([Buffer.alloc(PREFIX_BYTES), ...parts]);
  writePrefix(frame, frame.length - PREFIX_BYTES, true);
  return frame;
}
