import { download, variables } from '../contract/index.ts';
import { addressFilter } from './addresses.ts';
import { readCredentials, type Credentials } from './credentials.ts';

/** What is downloaded, and to where. */
export interface DownloadSettings {
  readonly url: URL;
  readonly sha256: string;
  /** The models folder to write. */
  readonly folder: string;
  /** Name of the model if the file is a single one. */
  readonly name: string;
  readonly maxBytes: number;
  /** Whether an address may be connected to. */
  readonly allowed: (address: string) => boolean;
  readonly credentials: Credentials | undefined;
  readonly region: string | undefined;
}

/** A variable of the program is missing or invalid. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

/**
 * Reads the settings from the environment, which the manifests set.
 * @throws {SettingsError} if one is missing or invalid
 * @throws {DownloadError} if the Secret has no credentials
 */
export function readSettings(env: NodeJS.ProcessEnv): DownloadSettings {
  const { variables: names, patterns } = download;
  const value = (name: string, pattern: RegExp, expected: string): string => {
    const given = env[name] ?? '';
    if (pattern.test(given)) return given;
    throw new SettingsError(`${name} is ${given === '' ? 'not set' : JSON.stringify(given)}; expected ${expected}.`);
  };
  const text = value(names.url, /^https?:\/\/[^\s@?#]+$/, 'an http or https URL without user and query');
  if (!URL.canParse(text)) throw new SettingsError(`${names.url} is not a URL.`);
  const sha256 = value(names.sha256, patterns.sha256, '64 hexadecimal digits');
  const name = value(names.name, patterns.name, 'the name of a folder');
  const maxBytes = Number(value(names.maxBytes, /^\d+$/, 'a number of bytes'));
  const ranges = (env[names.allowedAddresses] ?? '').split(',').filter((range) => range !== '');
  const credentials = env[names.credentialsDir];
  return {
    url: new URL(text),
    sha256,
    folder: env.MODELS_DIR ?? variables.MODELS_DIR.default,
    name,
    maxBytes,
    allowed: addressFilter(ranges),
    credentials: credentials === undefined ? undefined : readCredentials(credentials),
    region: env[names.region],
  };
}
