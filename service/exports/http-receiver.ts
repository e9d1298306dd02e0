import type * as Http from 'node:http';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { ExportError } from './export-queue.ts';
import type { HeaderSource } from './headers.ts';

export interface HttpPost {
  readonly body: string | Buffer;
  readonly contentType: string;
}

/** Statuses after which OTLP and CloudEvents have a request sent again. */
const RETRYABLE = [408, 425, 429, 500, 502, 503, 504];
/** So much of a response is read: for its reason, and for the connection to be used again. */
const MOST_RESPONSE_BYTES = 64 * 1024;
const REASON_CHARACTERS = 200;

/** Posts bodies to one URL over one connection. Follows no redirects, so that headers stay with this host. */
export class HttpReceiver {
  /** The URL without credentials and without its query, either of which may be secret. */
  readonly name: string;
  readonly #url: URL;
  readonly #headers: HeaderSource;
  #connection: Promise<{ readonly agent: Http.Agent; readonly request: typeof Http.request }> | undefined;

  constructor(url: URL, headers: HeaderSource) {
    this.name = `${url.origin}${url.pathname}`;
    this.#url = url;
    this.#headers = headers;
  }

  /** @throws {ExportError} if the receiver does not accept the body; another error if it may accept it later */
  async post({ body, contentType }: HttpPost, signal: AbortSignal): Promise<void> {
    const { agent, request } = await (this.#connection ??= this.#connect());
    const headers = {
      ...(await this.#headers()),
      'Content-Type': contentType,
      'Content-Length': String(Buffer.byteLength(body)),
    };
    try {
      const { status, text } = await exchange(request(this.#url, { method: 'POST', agent, headers, signal }), body);
      if (status >= 200 && status < 300) return;
      const reason = `status ${status}${text === '' ? '' : `: ${text.slice(0, REASON_CHARACTERS)}`}`;
      throw RETRYABLE.includes(status) ? new Error(reason) : new ExportError(reason);
    } catch (error) {
      throw signal.aborted ? new Error('it did not respond in time', { cause: error }) : error;
    }
  }

  close(): void {
    void this.#connection?.then(({ agent }) => {
      agent.destroy();
    });
  }

  async #connect() {
    const { Agent, request } = this.#url.protocol === 'https:' ? await import('node:https') : await import('node:http');
    return { agent: new Agent({ keepAlive: true, maxSockets: 1 }), request };
  }
}

function exchange(
  sent: ClientRequest,
  body: string | Buffer,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', (response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= MOST_RESPONSE_BYTES) chunks.push(chunk);
        else response.destroy(new Error(`its response is larger than ${MOST_RESPONSE_BYTES} bytes`));
      });
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
      });
    });
    sent.end(body);
  });
}
