import type { Context } from 'hono';
import { ServiceError } from '../errors.ts';
import { parseJson } from '../protocol/json.ts';

/** Reads a body that is declared as JSON. @throws {ServiceError} */
export async function readJson(c: Context): Promise<unknown> {
  const type = mediaType(c);
  if (type !== 'application/json' && !type.endsWith('+json')) {
    throw new ServiceError(
      'unsupported-media-type',
      `The Content-Type is ${type || 'missing'}. Send JSON with the header "Content-Type: application/json".`,
    );
  }
  return parseJson(await readBody(c));
}

/** Returns the Content-Type without its parameters, or '' if it is missing. */
export function mediaType(c: Context): string {
  return c.req.header('Content-Type')?.split(';')[0]?.trim().toLowerCase() ?? '';
}

/** Reads the body. @throws {ServiceError} `incomplete-body` or `body-too-large` */
export async function readBody(c: Context): Promise<Uint8Array> {
  const body = await c.req.arrayBuffer().catch((cause: unknown) => {
    if (cause instanceof ServiceError) throw cause;
    throw new ServiceError('incomplete-body', 'The connection ended before the whole body arrived.', { cause });
  });
  return new Uint8Array(body);
}
