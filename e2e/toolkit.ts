import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/**
 * Makes `rhizome-kit` importable from a folder, with the sources of this repository instead of an installed package.
 * @param parts what can be imported, such as `client`
 */
export function linkToolkit(folder: string, ...parts: readonly ('client' | 'infra')[]): void {
  // Next to node_modules rather than in it: Node runs no TypeScript below node_modules.
  const toolkit = join(folder, 'rhizome-kit');
  mkdirSync(toolkit);
  const exports = Object.fromEntries(parts.map((part) => [`./${part}`, `./${part}/index.ts`]));
  writeFileSync(join(toolkit, 'package.json'), JSON.stringify({ name: 'rhizome-kit', type: 'module', exports }));
  for (const floor of [...new Set([...parts, 'service', 'onnx', 'node_modules'])])
    symlinkSync(join(root, floor), join(toolkit, floor));
  mkdirSync(join(folder, 'node_modules'), { recursive: true });
  symlinkSync(toolkit, join(folder, 'node_modules/rhizome-kit'));
}
