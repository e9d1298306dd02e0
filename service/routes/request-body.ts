import type { Context } from 'hono';
import { ServiceError } from '../errors.ts';

/** Reads the body. @throws {ServiceError} `incomplete-body` or `body-too-large` */
export async function readBody(c: Context): Promise<Uint8Array> {
  const body = await (c.get('receiveBody')?.() ?? c.req.arrayBuffer()).catch((cause: unknown) => {
    if (cause instanceof ServiceError) throw cause;
    throw new ServiceError('incomplete-body', 'The connection ended before the whole body arrived.', { cause });
  });
  c.get('bodyMemory')?.arrived();
  return body instanceof Uint8Array ? body : new Uint8Array(body);
}
