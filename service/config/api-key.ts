import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import type { Config } from './config.ts';

/** Returns the key that requests need now, or undefined if they need none. */
export type KeySource = () => string | undefined;

/** How long it may take to notice a rotated key. Kubernetes takes up to a minute to write it to the volume. */
const REREAD_MILLISECONDS = 1000;

/**
 * Returns the source of the API key: API_KEY, or else the mounted file, which is read again when its Secret changes.
 */
export function apiKeySource(
  { apiKey, apiKeyFile }: Pick<Config, 'apiKey' | 'apiKeyFile'>,
  logger: Logger,
  now: () => number = () => performance.now(),
): KeySource {
  if (apiKey !== undefined) return () => apiKey;
  let key: string | undefined;
  let nextRead = 0;
  return () => {
    if (now() < nextRead) return key;
    nextRead = now() + REREAD_MILLISECONDS;
    const read = readKey(apiKeyFile, logger);
    // Fail closed: a key that disappears stays valid until a new one arrives. If the file has never been readable, a
    // random key rejects every request.
    if (read === 'unreadable') key ??= crypto.randomUUID();
    else if (read !== 'missing') key = read.key;
    return key;
  };
}

function readKey(path: string, logger: Logger): { readonly key: string } | 'missing' | 'unreadable' {
  try {
    const key = readFileSync(path, 'utf8').trim();
    if (key !== '') return { key };
    logger.error({ path }, 'The API key file is empty');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'missing';
    logger.error({ err: error, path }, 'The API key file cannot be read');
  }
  return 'unreadable';
}
