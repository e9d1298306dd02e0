import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../failure.ts';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';

/** Settings that hold credentials, alone or after a registry: `//host/:_authToken`. Comments may hold old ones. */
const names = '_[^=:]*|auth|authToken|username|password|email|otp|(key|cert)(file)?';
const credential = new RegExp(String.raw`^[\s#;]*"?([^=]*:)?(${names})"?\s*=`, 'i');

/** Returns an .npmrc without credentials, also those within addresses: `https://user:password@host/`. */
export const withoutCredentials = (npmrc: string): string =>
  npmrc
    .split('\n')
    .filter((line) => !credential.test(line))
    .map((line) => line.replaceAll(/:\/\/[^/\s]*@/g, '://'))
    .join('\n');

/**
 * Returns the address of npm's registry.
 * @throws {Failure} if it contains credentials: npm writes them into its cache, and this goes into the archive
 */
export async function registryOf(context: ExecContext): Promise<string> {
  let address: string;
  try {
    address = (await exec(context, ['npm', 'config', 'get', 'registry'], { quiet: true })).trim();
  } catch (error) {
    // npm 11 doesn't print such an address.
    if (error instanceof CommandFailed && error.details.join('\n').includes('protected')) throw credentialsInAddress();
    throw error;
  }
  if (/:\/\/[^/]*@/.test(address)) throw credentialsInAddress();
  return address;
}

/** @throws {Failure} if npm's cache has credentials, of a registry for some packages only or of a lockfile's address */
export async function checkCache(cache: string): Promise<void> {
  const index = join(cache, '_cacache/index-v5');
  const entries = await readdir(index, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  for (const entry of entries.filter((each) => each.isFile()))
    if (/"url":"https?:\/\/[^/"]*@/.test(await readFile(join(entry.parentPath, entry.name), 'utf8')))
      throw credentialsInAddress();
}

const credentialsInAddress = (): Failure =>
  new Failure("The address of npm's registry contains a user name or a password, and would be in the archive.", {
    hint: 'Write them beside the address in ~/.npmrc: registry=https://HOST/ and //HOST/:_auth=BASE64_OF_USER:PASSWORD',
  });
