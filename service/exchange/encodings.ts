import { ServiceError } from '../errors.ts';
import { formatValue } from '../inference/format-value.ts';

/** How a body may be compressed, as RFC 9110 names it. Deflate has the header of zlib, as the RFC says. */
export type Encoding = 'gzip' | 'deflate';

/** The value of `Accept-Encoding` in the response to a request that is compressed in another way. */
export const SUPPORTED_ENCODINGS = 'gzip, deflate';

/**
 * Reads the header `Content-Encoding`: undefined if the body is not compressed.
 *
 * @throws {ServiceError} `unsupported-encoding`
 */
export function contentEncodingOf(header: string | undefined): Encoding | undefined {
  if (header === undefined) return undefined;
  switch (header.trim().toLowerCase()) {
    case '':
    case 'identity':
      return undefined;
    case 'gzip':
    // RFC 9110, section 8.4.1.3.
    case 'x-gzip':
      return 'gzip';
    case 'deflate':
      return 'deflate';
    default:
      throw new ServiceError(
        'unsupported-encoding',
        `The Content-Encoding is ${formatValue(header)}. ` +
          'Compress the body once, with gzip or deflate, or send it uncompressed, without Content-Encoding.',
      );
  }
}

/**
 * Returns how a response may be compressed, according to the header `Accept-Encoding`: undefined if the client does not
 * ask for it.
 */
export function acceptedEncoding(header: string | undefined): Encoding | undefined {
  if (header === undefined) return undefined;
  const weights = new Map<string, number>();
  for (const part of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map((each) => each.trim());
    const weight = parameters.find((each) => each.startsWith('q='))?.slice(2);
    weights.set(name, weight === undefined ? 1 : Number(weight));
  }
  const others = weights.get('*') ?? 0;
  const gzip = weights.get('gzip') ?? weights.get('x-gzip') ?? others;
  const deflate = weights.get('deflate') ?? others;
  const best = Math.max(gzip, deflate);
  // Clients that name it prefer it only if they give it more weight.
  if (!(best > 0) || (weights.get('identity') ?? 0) > best) return undefined;
  return gzip >= deflate ? 'gzip' : 'deflate';
}
