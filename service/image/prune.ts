/**
 * Shrinks node_modules to what an image needs, for a platform that may be another than this machine's:
 *
 *     node service/image/prune.ts --os linux --arch arm64 service onnx
 *
 * Kept are the packages that the named folders import, and what those depend on in turn. No list of packages is
 * written down anywhere: an import that appears in a route is in the next image.
 */
import { globSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { importsOf } from './imports.ts';

/** An image cannot be made of this tree: its message says what is missing and the way out. */
export class PruneError extends Error {
  override readonly name = 'PruneError';
}

export interface PruneOptions {
  /** The folder that holds node_modules. */
  readonly root: string;
  /** Folders of source code, relative to `root`. */
  readonly sources: readonly string[];
  /** The image's operating system, as Docker names it in `TARGETOS`. */
  readonly os: string;
  /** The image's processor, as Docker names it in `TARGETARCH` or Node in `process.arch`. */
  readonly arch: string;
}

interface Manifest {
  readonly name: string;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly peerDependenciesMeta?: Record<string, { readonly optional?: boolean }>;
}

/** Debuggers and compilers read these, a running service never does. */
const neverUsed = ['**/*.map', '**/*.d.ts', '**/*.d.cts', '**/*.d.mts'];

/** Removes from `root`/node_modules what the image does not need. Returns the names of the packages that it kept, sorted. */
export function prune({ root, sources, os, arch }: PruneOptions): string[] {
  const modules = resolve(root, 'node_modules');
  const kept = new Map<string, string>();
  for (const { packageName, file } of sources.flatMap((folder) => importsOf(resolve(root, folder)))) {
    const folder = installed(packageName, file);
    if (folder === undefined) {
      throw new PruneError(
        `${file} imports "${packageName}", which is not installed: add it to "dependencies" in package.json`,
      );
    }
    keep(folder, kept);
  }
  remove(modules, ['.bin', '.package-lock.json', ...neverUsed]);
  for (const folder of packageFolders(modules)) {
    if (!kept.has(folder)) rmSync(folder, { recursive: true, force: true });
  }
  for (const scope of globSync('@*', { cwd: modules }).map((name) => join(modules, name))) {
    if (readdirSync(scope).length === 0) rmdirSync(scope);
  }
  pruneBinaries(modules, os, arch === 'amd64' ? 'x64' : arch);
  return [...new Set(kept.values())].sort();
}

/** Adds the package in `folder`, and what it depends on, to `kept`. */
function keep(folder: string, kept: Map<string, string>): void {
  if (kept.has(folder)) return;
  const file = join(folder, 'package.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Manifest;
  kept.set(folder, manifest.name);
  const optional = new Set(Object.keys(manifest.optionalDependencies ?? {}));
  const peers = Object.keys(manifest.peerDependencies ?? {}).filter(
    (peer) => !manifest.peerDependenciesMeta?.[peer]?.optional,
  );
  for (const dependency of [...Object.keys(manifest.dependencies ?? {}), ...optional, ...peers]) {
    if (dependency.startsWith('@types/')) continue; // declarations, some of which compilers want installed
    const found = installed(dependency, file);
    if (found !== undefined) keep(found, kept);
    else if (!optional.has(dependency))
      throw new PruneError(`${manifest.name} needs "${dependency}", which is not installed: run npm ci`);
  }
}

/** The folder of a package as Node would find it from `file`. */
function installed(packageName: string, file: string): string | undefined {
  try {
    const manifest = findPackageJSON(packageName, file);
    return manifest === undefined ? undefined : dirname(manifest);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** Every package in `modules`, those nested in other packages' own node_modules too. */
function packageFolders(modules: string): string[] {
  return globSync(['[!@.]*', '@*/*'], { cwd: modules })
    .map((name) => join(modules, name))
    .flatMap((folder) => [folder, ...packageFolders(join(folder, 'node_modules'))]);
}

/** onnxruntime-node brings every platform's binary, in bin/napi-v6/OS/ARCH: 288 MB, of which one platform's is enough. */
function pruneBinaries(modules: string, os: string, arch: string): void {
  const platforms = globSync('**/bin/napi-v*/*/*', { cwd: modules });
  const others = platforms.filter((path) => !path.endsWith(`/${os}/${arch}`));
  if (platforms.length > 0 && others.length === platforms.length) {
    throw new PruneError(`no ONNX runtime for ${os}/${arch}: there are ${platforms.join(', ')}`);
  }
  for (const path of others) rmSync(join(modules, path), { recursive: true });
}

function remove(modules: string, patterns: readonly string[]): void {
  for (const path of globSync(patterns, { cwd: modules }))
    rmSync(join(modules, path), { recursive: true, force: true });
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { os: { type: 'string' }, arch: { type: 'string' } },
  });
  const { os = process.platform, arch = process.arch } = values;
  console.log(prune({ root: process.cwd(), sources: positionals, os, arch }).join('\n'));
}
