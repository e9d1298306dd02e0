import { promisify } from 'node:util';
import { MessageTooLarge } from './messages.ts';

/** The functions of `node:zlib`, which is loaded for the first compressed message. */
const decoders = new Map([
  ['gzip', 'gunzip'],
  ['deflate', 'inflate'],
] as const);

/** The value of `grpc-accept-encoding`: the encodings of requests. Responses are not compressed. */
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
