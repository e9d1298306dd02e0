import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { download } from '../contract/index.ts';
import { DownloadError } from './download-error.ts';
import { regionOf, signatureHeaders, type AccessKeys } from './signature.ts';

/** What a storage requires to hand out a file. */
export type Credentials = { readonly token: string } | { readonly query: string } | { readonly keys: AccessKeys };

const { token, query, accessKeyId, secretAccessKey, sessionToken } = download.credentials;

/**
 * Reads the credentials from the folder that the Secret is mounted at.
 * @throws {DownloadError} if it has none, or of more than one kind
 */
export function readCredentials(folder: string): Credentials {
  const read = (entry: string): string | undefined => {
    try {
      return readFileSync(join(folder, entry), 'utf8').trim() || undefined;
    } catch {
      return undefined;
    }
  };
  const [bearer, presigned, id, secret] = [token, query, accessKeyId, secretAccessKey].map(read);
  const keys =
    id === undefined || secret === undefined
      ? undefined
      : { accessKeyId: id, secretAccessKey: secret, sessionToken: read(sessionToken) };
  const found = [
    ...(bearer === undefined ? [] : [{ token: bearer }]),
    ...(presigned === undefined ? [] : [{ query: presigned.replace(/^\?/, '') }]),
    ...(keys === undefined ? [] : [{ keys }]),
  ];
  const [first, ...others] = found;
  if (first !== undefined && others.length === 0) return first;
  throw new DownloadError(
    `The Secret with the credentials has ${first === undefined ? 'none' : 'several kinds'} of these entries: ` +
      `${token}; ${query}; ${accessKeyId} and ${secretAccessKey}. Give it exactly one kind.`,
  );
}

/** Returns the URL to request, and the headers that authorize the request. */
export function authorized(
  url: URL,
  credentials: Credentials | undefined,
  region: string | undefined,
): { readonly url: URL; readonly headers: Record<string, string> } {
  if (credentials === undefined) return { url, headers: {} };
  if ('token' in credentials) return { url, headers: { authorization: `Bearer ${credentials.token}` } };
  if ('query' in credentials) return { url: new URL(`?${credentials.query}`, url), headers: {} };
  const { keys } = credentials;
  return { url, headers: signatureHeaders({ url, keys, region: region ?? regionOf(url), time: new Date() }) };
}
