import { freeMemory } from '../../../onnx/engine/free-memory.ts';
import { acceptedEncoding } from '../encodings.ts';
import type { ExchangeRequest, ExchangeResponse } from '../exchange.ts';
import { compress, isCompressible, sizeOf } from './compress.ts';

/** What a response depends on besides its request's path and body, for caches. */
const VARY: readonly string[] = ['Vary', 'Accept-Encoding'];

/**
 * Compresses a large response if the client asks for it. Returns no promise if it is sent as it is.
 *
 * @param response is not usable any more
 */
export function compressedResponse(
  response: ExchangeResponse,
  request: Pick<ExchangeRequest, 'header'>,
): ExchangeResponse | Promise<ExchangeResponse> {
  const { body } = response;
  const bytes = typeof body === 'string' || body instanceof Uint8Array ? body.length : sizeOf(body);
  if (!isCompressible(bytes)) return response;
  const plain = { ...response, headers: response.headers.concat(VARY) };
  const encoding = acceptedEncoding(request.header('accept-encoding'));
  if (encoding === undefined) return plain;
  const chunks = typeof body === 'string' || body instanceof Uint8Array ? [body] : body;
  const compressing = compress(chunks, bytes, encoding);
  if (compressing === undefined) return plain;
  return compressing.then((parts) => {
    if (parts === undefined) return plain;
    if (chunks === body) for (const chunk of body) freeMemory(chunk);
    return { ...plain, headers: [...plain.headers, 'Content-Encoding', encoding], body: parts };
  });
}
