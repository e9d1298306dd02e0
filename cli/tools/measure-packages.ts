import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Measure } from './measure.ts';

/** Counts the packages that npm has put into node_modules. How many there will be is known to npm only. */
export const packagesInstalled =
  (root: string): Measure =>
  async () => ({ amount: `${String((await packagesIn(join(root, 'node_modules'))).length)} packages` });

async function packagesIn(modules: string): Promise<readonly string[]> {
  const names = (await readdir(modules)).filter((name) => !name.startsWith('.'));
  const scoped = names.filter((name) => name.startsWith('@'));
  const nested = await Promise.all(
    scoped.map(async (scope) => (await readdir(join(modules, scope))).map((name) => join(scope, name))),
  );
  // npm creates all folders first.
  return [...names, ...nested.flat()].filter((name) => existsSync(join(modules, name, 'package.json')));
}

/** The part of a package-lock.json that says what `npm ci` installs. */
interface Lockfile {
  readonly packages?: Readonly<Record<string, LockedPackage>>;
}

interface LockedPackage {
  readonly link?: boolean;
  readonly optional?: boolean;
  /** The platforms that it is for. */
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
}

/** Whether npm installs a package on some platforms only. */
const isForSome = ({ optional, os, cpu }: LockedPackage): boolean => optional === true && (os ?? cpu) !== undefined;

/** Counts the packages that `npm ci` has installed, of those in package-lock.json. */
export async function lockedPackagesInstalled(root: string): Promise<Measure> {
  const packages = await lockedPackages(root);
  if (packages.length === 0) return packagesInstalled(root);
  return () => {
    const isThere = packages.map(([path]) => existsSync(join(root, path, 'package.json')));
    const there = isThere.filter(Boolean).length;
    // Those of other platforms never come.
    const all = packages.filter(([, locked], index) => isThere[index] || !isForSome(locked)).length;
    return Promise.resolve({ share: there / all, amount: `${String(there)} of ${String(all)} packages` });
  };
}

async function lockedPackages(root: string): Promise<readonly (readonly [path: string, locked: LockedPackage])[]> {
  try {
    const { packages = {} } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as Lockfile;
    return Object.entries(packages).filter(([path, { link }]) => path.includes('node_modules/') && link !== true);
  } catch {
    // The command says what is wrong with the file.
    return [];
  }
}
