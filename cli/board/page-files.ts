import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isClone } from '../own-package.ts';

interface PageFile {
  readonly type: string;
  readonly text: string;
}

const folder = join(import.meta.dirname, 'page');

/** The types of the page's files. */
export const pageFiles: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'style.css': 'text/css; charset=utf-8',
  'main.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

/** Returns a file of the page, such as `main.js`; undefined if there is none of that name. */
export async function readPageFile(name: string): Promise<PageFile | undefined> {
  const type = pageFiles[name];
  if (type === undefined) return undefined;
  const text = name === 'main.js' && isClone ? await bundleScript() : await readFile(join(folder, name), 'utf8');
  return { type, text };
}

/** In a clone there is only the TypeScript of the script. The npm package has the script. */
async function bundleScript(): Promise<string> {
  const { build } = await import('esbuild');
  const entryPoints = [join(folder, 'main.ts')];
  const { outputFiles } = await build({ entryPoints, bundle: true, format: 'esm', write: false, logLevel: 'silent' });
  return outputFiles[0]?.text ?? '';
}
