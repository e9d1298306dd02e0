import type { Context } from 'hono';
import { ServiceError } from '../errors.ts';
import { parseJson } from '../protocol/json.ts';

/** The body, which has to be declared as JSON. @throws ServiceError */
export async function readJson(c: Context): Promise<unknown> {
  const type = mediaType(c);
  if (type !== 'application/json' && !type.endsWith('+json')) {
    throw new ServiceError(
      'unsupported-media-type',
      `The body's type is ${type || 'not given'}: send JSON with the header "Content-Type: application/json".`,
    );
  }
  return parseJson(await readBody(c));
}

/** What the body is declared as, without parameters; '' where it is not. */
export function mediaType(c: Context): string {
  return c.req.header('Content-Type')?.split(';')[0]?.trim().toLowerCase() ?? '';
}

/** @throws ServiceError */
export async function readBody(c: Context): Promise<Uint8Array> {
  const body = await c.req.arrayBuffer().catch((cause: unknown) => {
    if (cause instanceof ServiceError) throw cause;
    throw new ServiceError('incomplete-body', 'The connection ended before the whole body was there.', { cause });
  });
  return new Uint8Array(body);
}
