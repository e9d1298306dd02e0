import type { IncomingMessage } from 'node:http';

/** What a server responds to a head that is malformed, as Node does. */
export const BAD_REQUEST = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n';

/**
 * Returns why servers in front of this one may read the head of a request differently: where its body ends, or which
 * host it is for. Node accepts these heads. Returns undefined if there is no doubt.
 */
export function ambiguityOf({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>): string | undefined {
  let hosts = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    // Each request is checked, so most names are only compared by their lengths.
    const name = rawHeaders[index] as string;
    if (name.length === HOST.length && name.toLowerCase() === HOST && ++hosts > 1) return 'Host is sent twice';
    if (name.length === ENCODING.length && name.toLowerCase() === ENCODING) {
      if (rawHeaders[index + 1]?.toLowerCase() !== 'chunked') return 'Transfer-Encoding is not just "chunked"';
    }
  }
  return undefined;
}

const HOST = 'host';
const ENCODING = 'transfer-encoding';
