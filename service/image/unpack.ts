/**
 * Copies the service from the installed package to its place in the image. In the image's folder,
 *
 *     node node_modules/rhizome-kit/dist/service/image/unpack.js
 *
 * creates service/, onnx/ and package.json. If the project depends on another version of a package, npm nests the
 * service's version in this package. That version then replaces the project's, because the image only runs the service.
 */
import { cpSync, existsSync, globSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** @param installed the folder of the package @param root the folder in the image */
export function unpack(installed: string, root: string): void {
  for (const floor of ['service', 'onnx']) {
    cpSync(join(installed, 'dist', floor), join(root, floor), {
      recursive: true,
      filter: (path) => !path.endsWith('.d.ts'),
    });
  }
  cpSync(join(installed, 'package.json'), join(root, 'package.json'));
  const nested = join(installed, 'node_modules');
  for (const name of existsSync(nested) ? globSync(['[!@.]*', '@*/*'], { cwd: nested }) : []) {
    const place = join(root, 'node_modules', name);
    rmSync(place, { recursive: true, force: true });
    mkdirSync(dirname(place), { recursive: true });
    renameSync(join(nested, name), place);
  }
}

if (import.meta.main) unpack(join(import.meta.dirname, '../../..'), process.cwd());
