import type { IncomingMessage } from 'node:http';
import { freeMemory } from '../../onnx/engine/free-memory.ts';
import type { Reservation } from '../connections/in-flight-bytes.ts';
import { ServiceError } from '../errors.ts';
import { BodyBuffer } from '../exchange/body/body-buffer.ts';
import { tooLarge } from '../exchange/body/body-length.ts';
import type { ResolvedRoute } from '../exchange/model-routes.ts';

/**
 * Receives a body that does not declare its length. If it is refused, the rest is discarded, so that the connection can
 * be used for the next request: Hono would stop reading instead, and its adapter would close the connection.
 *
 * @param jsonLength see `BodyBuffer`
 * @param route of the request, if it runs a model, for the error
 * @throws {ServiceError} `body-too-large`, `overloaded` or `incomplete-body`
 */
export function receiveChunked(
  incoming: IncomingMessage,
  maxBytes: number,
  memory: Reservation,
  jsonLength: string | undefined,
  route: ResolvedRoute | undefined,
): Promise<Buffer> {
  const whole = new BodyBuffer(undefined, jsonLength);
  let length = 0;
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const receive = (chunk: Buffer): void => {
    length += chunk.length;
    try {
      if (length > maxBytes) throw tooLarge(maxBytes, route);
      memory.grow(length);
      whole.add(chunk);
    } catch (error) {
      incoming.off('data', receive).on('data', freeMemory);
      reject(error);
    }
  };
  incoming
    .on('data', receive)
    .on('end', () => {
      resolve(whole.body);
    })
    .on('error', (cause) => {
      reject(new ServiceError('incomplete-body', 'The connection ended before the whole body arrived.', { cause }));
    });
  return promise;
}
