import { existsSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isClone, ownPackageJson, packageFolder } from '../own-package.ts';
import { exec, type ExecContext } from '../tools/exec.ts';

/** Folder for a package that does not come from a registry. */
export const vendor = 'vendor';

/**
 * Returns what a project must depend on to get the same Rhizome that is running: a version if it came from a registry.
 * Otherwise a file in vendor/, which this function packs: from the clone, after a build, or from what is installed.
 */
export async function packageSpec(context: ExecContext): Promise<string> {
  const { name, version } = ownPackageJson();
  if (!isClone && fromRegistry(name)) return `^${version}`;
  const folder = join(context.root, vendor);
  await mkdir(folder, { recursive: true });
  const file = `${name}-${version}.tgz`;
  // The lock file would still have the checksum of an older file with the same version.
  for (const old of (await readdir(folder)).filter((entry) => entry.startsWith(`${name}-`) && entry.endsWith('.tgz')))
    rmSync(join(folder, old));
  await exec(
    context,
    ['npm', 'pack', packageFolder, '--pack-destination', vendor, ...(isClone ? [] : ['--ignore-scripts'])],
    {
      hint: isClone
        ? `Check that it builds: (cd ${packageFolder} && npm ci && npm run build)`
        : 'Check that the disk is not full.',
    },
  );
  return `file:${vendor}/${file}`;
}

/** Returns whether npm installed this package from a registry, according to the lock file in its node_modules. */
function fromRegistry(name: string): boolean {
  const lock = join(dirname(packageFolder), '.package-lock.json');
  if (!existsSync(lock)) return false;
  const { packages } = JSON.parse(readFileSync(lock, 'utf8')) as {
    packages?: Readonly<
      Record<string, { readonly resolved?: string; readonly integrity?: string; readonly link?: boolean }>
    >;
  };
  const entry = packages?.[`node_modules/${name}`];
  if (entry?.integrity === undefined || entry.link === true) return false;
  return entry.resolved === undefined || (/^https?:/.test(entry.resolved) && entry.resolved.includes(`/${name}/-/`));
}
