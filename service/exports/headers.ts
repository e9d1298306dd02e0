import { readFile } from 'node:fs/promises';
import { validateHeaderName, validateHeaderValue } from 'node:http';

/** Returns the headers of a request to a receiver. */
export type HeaderSource = () => Promise<Readonly<Record<string, string>>>;

/**
 * Returns the headers in a text and in a file. The file is read for each request, so that a rotated credential takes
 * effect at once.
 */
export function headerSource(text: string | undefined, file: string | undefined): HeaderSource {
  const fixed = parsePairs(text ?? '');
  return async () => (file === undefined ? fixed : { ...fixed, ...parseHeaders(await readFile(file, 'utf8')) });
}

/** Parses headers such as `authorization=Bearer%20abc,x-tenant=a`, one a line or several. @throws {Error} */
export function parseHeaders(text: string): Readonly<Record<string, string>> {
  const headers = parsePairs(text);
  for (const [name, value] of Object.entries(headers)) {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  }
  return headers;
}

/**
 * Parses `name=value` pairs as OpenTelemetry's variables have them: separated by commas, with values percent-encoded.
 *
 * @throws {Error} without the value, which may be secret
 */
export function parsePairs(text: string): Readonly<Record<string, string>> {
  const pairs = text
    .split(/[,\n]/)
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair, index) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new Error(`pair ${index + 1} is not name=value`);
      return [decoded(pair.slice(0, at), index), decoded(pair.slice(at + 1), index)];
    }),
  );
}

function decoded(text: string, index: number): string {
  try {
    return decodeURIComponent(text.trim());
  } catch (cause) {
    throw new Error(`pair ${index + 1} is not percent-encoded`, { cause });
  }
}
