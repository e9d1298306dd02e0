import { lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** The platform whose files are kept, as Node names it. */
export interface Platform {
  readonly os: string;
  readonly arch: string;
}

/**
 * Removes from node_modules what no program of this machine reads: the ONNX runtime of other platforms, which its
 * package contains too, Node's C headers, and the source maps of the documentation page. It needs no network, and can
 * run again. `npm ci` brings everything back.
 *
 * @returns how many bytes were removed
 */
export function trim(root: string, platform: Platform = { os: process.platform, arch: process.arch }): number {
  const modules = join(root, 'node_modules');
  const unused = [...otherRuntimes(join(modules, 'onnxruntime-node/bin'), platform), ...headers(modules)];
  const maps = join(modules, 'swagger-ui-dist');
  unused.push(...entries(maps, /\.map$/).map((name) => join(maps, name)));
  let bytes = 0;
  for (const path of unused) {
    bytes += sizeOf(path);
    rmSync(path, { recursive: true, force: true });
  }
  return bytes;
}

/** Describes what `trim` did. */
export const trimmed = (bytes: number): string =>
  `removed ${String(Math.round(bytes / 1e6))} MB from node_modules that this machine does not need`;

/** Returns the folders bin/napi-v6/OS/ARCH of other platforms. None, if this platform has none. */
function otherRuntimes(bin: string, { os, arch }: Platform): string[] {
  const platforms = entries(bin, /^napi-v/).flatMap((version) =>
    entries(join(bin, version)).flatMap((system) =>
      entries(join(bin, version, system)).map((processor) => join(bin, version, system, processor)),
    ),
  );
  const own = join(os, arch);
  const others = platforms.filter((path) => !path.endsWith(own));
  return others.length === platforms.length ? [] : others;
}

/** The package `node` installs its program into a node_modules of its own. */
function headers(modules: string): string[] {
  const nested = join(modules, 'node/node_modules');
  return entries(nested, /^node-/)
    .map((name) => join(nested, name, 'include'))
    .filter((folder) => entries(folder).length > 0);
}

/** Returns the names in a folder, or none if there is no such folder. */
function entries(folder: string, pattern = /^/): string[] {
  try {
    return readdirSync(folder).filter((name) => pattern.test(name));
  } catch {
    return [];
  }
}

function sizeOf(path: string): number {
  const found = lstatSync(path);
  return found.isDirectory() ? entries(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0) : found.size;
}
