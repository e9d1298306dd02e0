/**
 * One attempt of the load generator. It doesn't use the client: a load measures single attempts without retries,
 * chooses the connection of each, and counts connections, while `fetch` has one pool of its own and doesn't tell which
 * connection a request used.
 */
import { request as requestHttp, type Agent } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Socket } from 'node:net';
import { problemCode } from '../../service/contract/index.ts';
import { parseJson } from '../json.ts';

/** A request of a load, and a check of its response. */
export interface LoadRequest {
  /** JSON text, or its bytes, which are cheaper to send more than once. */
  readonly body: string | Buffer;
  /** Tells whether the response's JSON is the correct prediction. */
  readonly isCorrect: (prediction: unknown) => boolean;
  /** @default the load's `url` */
  readonly url?: string;
}

export interface AttemptOptions {
  readonly url: string;
  /** `false` opens a connection for this request only. */
  readonly agent: Agent | false;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds from sending the request to the last byte of the response. */
  readonly timeout: number;
}

export interface Attempt {
  /**
   * How the request failed: `ECONNRESET`, `503`, `503 overloaded`, `timeout`, `wrong prediction`, … Undefined if it
   * succeeded.
   */
  readonly kind: string | undefined;
  /** Whether the service is overloaded and asks to try again later: a 503 with `Retry-After`. */
  readonly refused: boolean;
  /** The connection that was used. Undefined if none could be opened. */
  readonly socket: Socket | undefined;
}

/** The text of a correct response to a request, to compare the next one with: parsing a large one takes long. */
const correctTexts = new WeakMap<LoadRequest, string>();

/** Sends a request once and checks the response. Never rejects. */
export async function attempt(what: LoadRequest, { url, agent, headers, timeout }: AttemptOptions): Promise<Attempt> {
  const { body } = what;
  let socket: Socket | undefined;
  let refused = false;
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
        if (response.statusCode === 200) {
          resolve(isCorrectText(text, what) ? undefined : 'wrong prediction');
          return;
        }
        const code = codeOf(text);
        refused = code === 'overloaded' && response.headers['retry-after'] !== undefined;
        resolve(`${String(response.statusCode)}${code === undefined ? '' : ` ${code}`}`);
      });
    },
  );
  // Covers the whole response: a timeout of the socket would start again with each byte.
  const timer = setTimeout(() => {
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
  clearTimeout(timer);
  return { kind, refused, socket };
}

function isCorrectText(text: string, what: LoadRequest): boolean {
  if (correctTexts.get(what) === text) return true;
  try {
    if (!what.isCorrect(parseJson(text))) return false;
  } catch {
    return false;
  }
  correctTexts.set(what, text);
  return true;
}

/** Returns the code of the service's error. Undefined if another program responded. */
function codeOf(text: string): ReturnType<typeof problemCode> {
  try {
    return problemCode((parseJson(text) as { readonly type?: unknown } | null)?.type);
  } catch {
    return undefined;
  }
}
