import { existsSync, realpathSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure } from '../failure.ts';

const SAFE_DIRECTORY = 'RHIZOME_SAFE_DIRECTORY';

/**
 * Finds the project's folder: the nearest one, from the given folder upwards, that contains a cdk8s.yaml.
 *
 * @param user the user that runs this
 * @throws {Failure} if there is none; or if others could have written it, because its `app` is run
 */
export function findRoot(
  from: string,
  user = process.getuid?.(),
  environment: Readonly<Record<string, string | undefined>> = process.env,
): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'cdk8s.yaml'))) {
      checkOwner(folder, user, environment);
      return folder;
    }
    if (folder === dirname(folder)) break;
  }
  throw new Failure(`There is no cdk8s.yaml in ${from} or above it.`, {
    hint: 'Run rhizome in a project, or turn this folder into one: rhizome init',
  });
}

/** Like git's check of `safe.directory`. Windows has no such owners. */
function checkOwner(
  folder: string,
  user: number | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): void {
  if (user === undefined) return;
  const trusted = new Set([0, user]);
  // With sudo, the user who asks is the one whose project it may be.
  const { SUDO_UID: asking = '', [SAFE_DIRECTORY]: safe = '' } = environment;
  if (user === 0 && /^\d+$/.test(asking)) trusted.add(Number(asking));
  const file = join(folder, 'cdk8s.yaml');
  const problem = problemOf(folder, trusted) ?? problemOf(file, trusted);
  if (problem === undefined) return;
  const real = realpathSync(folder);
  if (safe.split(':').some((each) => each === '*' || each === real)) return;
  throw new Failure(`${problem}, so rhizome does not run the \`app\` in ${file}.`, {
    hint: `If you trust what is in it: export ${SAFE_DIRECTORY}='${real}'`,
  });
}

/** Returns who else could have written a file or folder. */
function problemOf(path: string, trusted: ReadonlySet<number>): string | undefined {
  const { uid, mode } = statSync(path);
  if (!trusted.has(uid)) return `${path} belongs to the user ${String(uid)}`;
  const [byAnyone, sticky] = [(mode & 0o002) !== 0, (mode & 0o1000) !== 0];
  return byAnyone && !sticky ? `${path} can be changed by every user` : undefined;
}
