import type { CallOptions } from '../../client/index.ts';
import type { ExecContext } from '../tools/exec.ts';
import { quote } from '../tools/quote.ts';
import { apiKey, connect, orFailure } from './connection.ts';

export interface PredictOptions extends Pick<CallOptions, 'retries' | 'timeout'> {
  /** The service's base URL, without a trailing slash. */
  readonly url: string;
  /** Such as `/models/iris/predictions`. */
  readonly path: string;
  /** JSON text: an object, or an array of objects. */
  readonly body: string;
}

/** Formats the curl command that sends the same request. The shell inserts the API key from its environment. */
export function curlLine({
  url,
  path,
  ...sent
}: { readonly url: string; readonly path: string } & ({ readonly body: string } | { readonly file: string })): string {
  const auth = apiKey() === undefined ? '' : ' -H "Authorization: Bearer $API_KEY"';
  const data = quote(['body' in sent ? sent.body : `@${sent.file}`]);
  return `curl ${url}${path} -H 'content-type: application/json'${auth} -d ${data}`;
}

/**
 * Sends one request and returns the response's JSON.
 * @throws {Failure} if the service rejects the request or cannot be reached
 */
export async function predict(context: ExecContext, { url, path, ...options }: PredictOptions): Promise<unknown> {
  context.report.command(curlLine({ url, path, body: options.body }));
  await context.walkthrough?.pause();
  return orFailure(url, connect(context, url).request(path, options));
}
