/**
 * One attempt of the load generator. It doesn't use the client: a load measures single attempts without retries, chooses
 * the connection of each, and counts connections, while `fetch` has one pool of its own and doesn't tell which connection
 * a request used.
 */
import { request as requestHttp, type Agent } from 'node:http';
/**
 * One attempt of the load generator. It does not use the client: a load measures single attempts, over connections that
 * it chooses itself (`fetch` has one pool, and does not tell which connection a request used), without retries, and at
 * rates at which `fetch` would take a good part of the measured time.
 */
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { parseJson } from '../json.ts';

/** A body to send, and what its answer has to be. */
export interface LoadRequest {
  /** JSON text. */
  readonly body: string;
  /** Whether the answer, parsed, is the right one. */
  readonly isRight: (answer: unknown) => boolean;
  /** @default the load's */
  readonly url?: string;
}

export interface AttemptOptions {
  readonly url: string;
  /** `false`: a connection for this request alone. */
  readonly agent: Agent | false;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds from sending to the last byte of the answer. */
  readonly timeout: number;
}

export interface Attempt {
  /** Undefined where the answer was right; else `ECONNRESET`, `503`, `timeout`, `wrong answer`, ... */
  readonly kind: string | undefined;
  /** The connection that it went over; undefined where none was made. */
  readonly socket: Socket | undefined;
}

/** POSTs once and looks at the answer. Never rejects. */
export async function attempt(
  { body, isRight }: LoadRequest,
  { url, agent, headers, timeout }: AttemptOptions,
): Promise<Attempt> {
  let socket: Socket | undefined;
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const fail = (error: NodeJS.ErrnoException): void => {
    resolve(error.code ?? error.message);
  };

  const request = url.startsWith('https:') ? requestHttps : requestHttp;
  const sent = request(
    url,
    {
      method: 'POST',
      agent,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
    },
    (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.on('error', fail);
      response.on('end', () => {
        if (response.statusCode !== 200) resolve(String(response.statusCode));
        else resolve(isRightText(text, isRight) ? undefined : 'wrong answer');
      });
    },
  );
  // For the whole answer: a time-out of the socket would start anew with each byte.
  const late = setTimeout(() => {
    resolve('timeout');
    sent.destroy();
  }, timeout);
  sent.on('socket', (used) => {
    if (used.connecting)
      used.once('connect', () => {
        socket = used;
      });
    else socket = used;
  });
  sent.on('error', fail);
  sent.end(body);

  const kind = await promise;
  clearTimeout(late);
  return { kind, socket };
}

function isRightText(text: string, isRight: LoadRequest['isRight']): boolean {
  try {
    return isRight(parseJson(text));
  } catch {
    return false;
  }
}
