import { existsSync, readFileSync, rmSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isClone, manifest, packageFolder } from '../own-package.ts';
import { exec, type ExecContext } from '../tools/exec.ts';

/** Where a project keeps a package that no registry has. */
export const vendor = 'vendor';

/**
 * What a project depends on to get the very Rhizome that runs: its version, where that came from a registry; else a file
 * in vendor/, packed from what is installed here or, in a clone, built from it.
 */
export async function packageSpec(context: ExecContext): Promise<string> {
  const { name, version } = manifest();
  if (!isClone && fromRegistry(name)) return `^${version}`;
  const folder = join(context.root, vendor);
  await mkdir(folder, { recursive: true });
  const file = `${name}-${version}.tgz`;
  // An older copy of the version would be left in the lock file's integrity.
  for (const old of (await readdir(folder)).filter((entry) => entry.startsWith(`${name}-`) && entry.endsWith('.tgz')))
    rmSync(join(folder, old));
  await exec(
    context,
    ['npm', 'pack', packageFolder, '--pack-destination', vendor, ...(isClone ? [] : ['--ignore-scripts'])],
    {
      hint: isClone ? `Does it build? (cd ${packageFolder} && npm ci && npm run build)` : 'Is there room on the disk?',
    },
  );
  return `file:${vendor}/${file}`;
}

/** What npm has noted of the folder that this package is installed in: a registry's has no other source than a URL of one. */
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
