/**
 * Reduces node_modules to what an image needs. The image's platform may differ from this machine's:
 *
 *     node service/image/prune.ts --os linux --arch arm64 service onnx
 *
 * It keeps the packages that the given folders import, and their dependencies. Nobody maintains a list: a package that
 * a route imports is in the next image.
 */
import { globSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { importsOf } from './imports.ts';

/** An image cannot be built from this tree. The message says what is missing and what to do. */
export class PruneError extends Error {
  override readonly name = 'PruneError';
}

export interface PruneOptions {
  /** The folder that contains node_modules. */
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

/** Only debuggers and compilers read these files. */
const neverUsed = ['**/*.map', '**/*.d.ts', '**/*.d.cts', '**/*.d.mts'];

/**
 * Removes from `root`/node_modules what the image does not need. Returns the names of the packages that it kept,
 * sorted.
 */
export function prune({ root, sources, os, arch }: PruneOptions): string[] {
  const modules = resolve(root, 'node_modules');
  const kept = new Map<string, string>();
  const imageModel = modelWithImages(resolve(root, 'models'));
  for (const { packageName, file } of sources.flatMap((folder) => importsOf(resolve(root, folder)))) {
    if (packageName === IMAGE_DECODER && imageModel === undefined) continue;
    const folder = installed(packageName, file);
    if (folder === undefined && packageName === IMAGE_DECODER)
      throw new PruneError(`${imageModel} decodes images, which needs sharp. Run npm install sharp.`);
    if (folder === undefined) {
      throw new PruneError(
        `${file} imports "${packageName}", which is not installed. Add it to "dependencies" in package.json.`,
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
  const processor = arch === 'amd64' ? 'x64' : arch;
  pruneBinaries(modules, os, processor);
  if (imageModel !== undefined) pruneImageBinaries(modules, os, processor);
  return [...new Set(kept.values())].sort();
}

/** The package that only models need whose model.json says that they decode images. */
const IMAGE_DECODER = 'sharp';

/** Returns a model.json that declares an image; undefined if none does. */
function modelWithImages(models: string): string | undefined {
  const files = globSync(['*/model.json', '*/*/model.json'], { cwd: models }).map((name) => join(models, name));
  return files.find((file) => hasImage(readFileSync(file, 'utf8')));
}

/** Loading the model reports what is not valid, as the only one that names the field. */
function hasImage(modelJson: string): boolean {
  let model: unknown;
  try {
    model = JSON.parse(modelJson);
  } catch {
    return false;
  }
  const { features } = Object(model) as { features?: unknown };
  return (
    Array.isArray(features) &&
    features.some((feature) => 'image' in (Object((Object(feature) as { decode?: unknown }).decode) as object))
  );
}

/** Keeps one platform of sharp, whose binaries are packages of their own. */
function pruneImageBinaries(modules: string, os: string, arch: string): void {
  const wanted = [`sharp-${os}-${arch}`, `sharp-libvips-${os}-${arch}`];
  const platforms = globSync('sharp-*', { cwd: join(modules, '@img') });
  if (!platforms.includes(wanted[0] ?? ''))
    throw new PruneError(
      `There is no sharp for ${os}/${arch}, only ${platforms.join(', ') || 'without binaries'}. ` +
        `Install its packages for that platform: npm ci --os=${os} --cpu=${arch} --libc=glibc`,
    );
  for (const name of platforms) if (!wanted.includes(name)) rmSync(join(modules, '@img', name), { recursive: true });
}

/** Adds the package in `folder` and its dependencies to `kept`. */
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
    if (dependency.startsWith('@types/')) continue; // Type declarations, which some packages list as dependencies.
    const found = installed(dependency, file);
    if (found !== undefined) keep(found, kept);
    else if (!optional.has(dependency))
      throw new PruneError(`${manifest.name} needs "${dependency}", which is not installed. Run npm ci.`);
  }
}

/** Returns the folder of a package as Node would resolve it from `file`. */
function installed(packageName: string, file: string): string | undefined {
  try {
    const manifest = findPackageJSON(packageName, file);
    return manifest === undefined ? undefined : dirname(manifest);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

/** Returns every package in `modules`, including those nested in the node_modules of other packages. */
function packageFolders(modules: string): string[] {
  return globSync(['[!@.]*', '@*/*'], { cwd: modules })
    .map((name) => join(modules, name))
    .flatMap((folder) => [folder, ...packageFolders(join(folder, 'node_modules'))]);
}

/** Keeps one platform of onnxruntime-node, which has the binaries of all in bin/napi-v6/OS/ARCH, 288 MB in total. */
function pruneBinaries(modules: string, os: string, arch: string): void {
  const platforms = globSync('**/bin/napi-v*/*/*', { cwd: modules });
  const others = platforms.filter((path) => !path.endsWith(`/${os}/${arch}`));
  if (platforms.length > 0 && others.length === platforms.length) {
    throw new PruneError(`There is no ONNX runtime for ${os}/${arch}, only for ${platforms.join(', ')}.`);
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
