import { chmodSync, constants, lstatSync, mkdirSync, openSync, type Stats } from 'node:fs';
import { Failure } from '../failure.ts';

const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;

/** Creates a folder in which only this user can read and write. @throws {Failure} if it is another's */
export function createPrivateFolder(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  checkFolder(path);
  chmodSync(path, 0o700);
}

/** Opens a new file that only this user can read and write. @returns its descriptor */
export function createPrivateFile(path: string): number {
  return openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
}

/**
 * Checks that a folder is this user's, so that nobody else can have put files into it. A missing one is fine.
 *
 * @throws {Failure} if it isn't
 */
export function checkFolder(path: string): void {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  const problem = stats.isDirectory()
    ? foreign(stats)
    : `is not a folder${stats.isSymbolicLink() ? ', but a link' : ''}`;
  if (problem === undefined) return;
  throw new Failure(`${path} ${problem}, so rhizome does not use the files in it.`, {
    hint: `Look at it. If you do not need it, delete it: rm -r '${path}'`,
  });
}

/** Returns why a file may come from others, or undefined if only this user can have written it. */
export function exposed(stats: Stats): string | undefined {
  if (!stats.isFile()) return 'is not a regular file';
  const mode = stats.mode & 0o777;
  return (
    foreign(stats) ??
    // Windows has no such modes.
    (process.platform !== 'win32' && (mode & 0o077) !== 0 ? `is open to others (mode 0${mode.toString(8)})` : undefined)
  );
}

function foreign({ uid }: Stats): string | undefined {
  return uid === (process.getuid?.() ?? uid) ? undefined : `belongs to the user ${String(uid)}`;
}
