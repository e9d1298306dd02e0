/**
 * Puts the service of the installed package where the image has it: run in the image's folder,
 *
 *     node node_modules/rhizome-kit/dist/service/image/unpack.js
 *
 * makes service/, onnx/ and package.json there. Packages that npm has nested in this one, because the project depends on
 * another version, take that one's place: what is in the image belongs to the service.
 */
import { cpSync, existsSync, globSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** @param installed the package's folder @param root the image's */
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
