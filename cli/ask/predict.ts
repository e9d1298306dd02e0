import type { CallOptions } from '../../client/index.ts';
import { readFile } from 'node:fs/promises';
import { Failure, reasonOf } from '../failure.ts';
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
  contentType = 'application/json',
  ...sent
}: { readonly url: string; readonly path: string; readonly contentType?: string } & (
  { readonly body: string } | { readonly file: string }
)): string {
  const auth = apiKey() === undefined ? '' : ' -H "Authorization: Bearer $API_KEY"';
  const data = quote(['body' in sent ? sent.body : `@${sent.file}`]);
  // With -d, curl removes the ends of lines.
  const option = contentType === 'application/json' ? '-d' : '--data-binary';
  return `curl ${url}${path} -H 'content-type: ${contentType}'${auth} ${option} ${data}`;
}

/** Returns the type of an image by the name of its file; undefined for other files. */
export function imageType(file: string): string | undefined {
  const [, extension] = /\.(jpe?g|png|webp)$/i.exec(file) ?? [];
  return extension && `image/${extension.toLowerCase().replace('jpg', 'jpeg')}`;
}

/**
 * Sends an image and returns the response's JSON.
 * @throws {Failure} if the file cannot be read, or the service rejects the request or cannot be reached
 */
export async function predictImage(
  context: ExecContext,
  { url, path, file, contentType }: { readonly url: string; readonly path: string } & ImageFile,
): Promise<unknown> {
  const body = await readFile(file).catch((cause: unknown) => {
    throw new Failure(`Cannot read ${file}: ${reasonOf(cause)}`, { cause, hint: 'Check the path of the image.' });
  });
  context.report.command(curlLine({ url, path, file, contentType }));
  return orFailure(url, connect(context, url).request(path, { body, contentType }));
}

/** An image to send. */
export interface ImageFile {
  readonly file: string;
  readonly contentType: string;
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
