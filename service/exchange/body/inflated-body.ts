import type { Readable } from 'node:stream';
import { freeMemory } from '../../../onnx/engine/free-memory.ts';
import { ServiceError } from '../../errors.ts';
import { BodyBuffer } from './body-buffer.ts';
import type { Encoding } from '../encodings.ts';

/** The size of the parts in which a body is decompressed: each takes a turn of the thread pool. */
const PART_BYTES = 32 * 1024;
/** What decompressing takes besides the body: a part, and the window of zlib. */
const INFLATER_BYTES = 64 * 1024;

export interface InflatedBodyOptions {
  /** The most bytes of the decompressed body. */
  readonly maxBytes: number;
  /** See `BodyBuffer`. */
  readonly jsonLength: string | undefined;
  /** Returns the error for a body that is larger. */
  readonly tooLarge: () => ServiceError;
  /**
   * Makes room in memory.
   *
   * @throws {ServiceError} `overloaded`
   */
  readonly grow: (bytes: number) => void;
}

/**
 * Receives a compressed body. It is decompressed part by part outside of the event loop, while it arrives, and no
 * further than to the limit. If it is refused, the rest is discarded, so that the connection can be used for the next
 * request.
 *
 * @param incoming nothing of it may have been read
 * @throws {ServiceError} `body-too-large`, `overloaded`, `incomplete-body` or `invalid-compression`
 */
export function receiveInflated(
  incoming: Readable,
  encoding: Encoding,
  { maxBytes, jsonLength, tooLarge, grow }: InflatedBodyOptions,
): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const { createGunzip, createInflate } = process.getBuiltinModule('node:zlib');
  const whole = new BodyBuffer(undefined, jsonLength);
  const inflater = (encoding === 'gzip' ? createGunzip : createInflate)({ chunkSize: PART_BYTES });
  let [received, length] = [0, 0];
  const refuse = (error: unknown): void => {
    incoming.unpipe(inflater).on('data', freeMemory).resume();
    inflater.destroy();
    whole.free();
    reject(error);
  };
  const invalid = (cause: unknown): ServiceError =>
    new ServiceError(
      'invalid-compression',
      `The body is not valid ${encoding}: ${cause instanceof Error ? cause.message : String(cause)}.`,
      { cause },
    );
  inflater
    .on('data', (part: Buffer) => {
      length += part.length;
      try {
        if (length > maxBytes) throw tooLarge();
        grow(INFLATER_BYTES + length);
        whole.copy(part);
      } catch (error) {
        refuse(error);
      }
    })
    .on('end', () => {
      // zlib ignores what follows.
      if (inflater.bytesWritten < received) reject(invalid('more bytes follow its end'));
      else resolve(whole.body);
    })
    .on('error', (cause) => {
      refuse(invalid(cause));
    });
  incoming
    .on('data', (chunk: Buffer) => {
      received += chunk.length;
    })
    .on('error', (cause) => {
      inflater.destroy();
      whole.free();
      reject(new ServiceError('incomplete-body', 'The connection ended before the whole body arrived.', { cause }));
    });
  try {
    grow(INFLATER_BYTES);
    incoming.pipe(inflater);
  } catch (error) {
    refuse(error);
  }
  return promise;
}
