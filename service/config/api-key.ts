import { readFileSync } from 'node:fs';
import type { Logger } from 'pino';
import type { Config } from './config.ts';

/**
 * Returns the keys of which requests need one now, one a line, or undefined if they need none. There are two while keys
 * are rotated.
 */
export type KeySource = () => string | undefined;

/** How long it may take to notice a rotated key. Kubernetes takes up to a minute to write it to the volume. */
const REREAD_MILLISECONDS = 1000;

/**
 * Returns the source of the API key: API_KEY, or else the mounted file, which is read again when its Secret changes.
 *
 * Fails closed: if a key is required, and there has never been one, a random key rejects every request. A key that
 * disappears stays valid until a new one arrives. A key is required once there is a file, and always if the file was
 * configured.
 */
export function apiKeySource(
  { apiKey, apiKeyFile, apiKeyFileRequired }: Pick<Config, 'apiKey' | 'apiKeyFile' | 'apiKeyFileRequired'>,
  logger: Logger,
  now: () => number = () => performance.now(),
): KeySource {
  if (apiKey !== undefined) return () => apiKey;
  let key: string | undefined;
  let problem: string | undefined;
  let nextRead = 0;
  const read = (): void => {
    nextRead = now() + REREAD_MILLISECONDS;
    const found = readKey(apiKeyFile);
    if (found.key !== undefined) {
      if (key !== undefined && found.key !== key)
        logger.info({ keys: found.key.split('\n').length }, 'The API key file has changed');
      key = found.key;
    } else if (found.problem !== undefined || apiKeyFileRequired) key ??= crypto.randomUUID();
    const missing = key === undefined ? undefined : 'The API key file is missing';
    const current = found.key === undefined ? (found.problem ?? missing) : undefined;
    if (current !== undefined && current !== problem) logger.error({ err: found.error, path: apiKeyFile }, current);
    problem = current;
  };
  read();
  return () => {
    if (now() >= nextRead) read();
    return key;
  };
}

interface Found {
  /** Undefined if the file contains none. */
  readonly key?: string;
  /** Undefined if there is no file. */
  readonly problem?: string;
  readonly error?: unknown;
}

function readKey(path: string): Found {
  try {
    const key = readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .join('\n');
    return key === '' ? { problem: 'The API key file is empty' } : { key };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {};
    return { problem: 'The API key file cannot be read', error };
  }
}
