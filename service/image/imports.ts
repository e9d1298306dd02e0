import { globSync, readFileSync } from 'node:fs';
import { isBuiltin, stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';

/** A package that source code needs at run time, and one file that needs it. */
export interface Import {
  readonly packageName: string;
  readonly file: string;
}

// Matches `from 'x'`, `import 'x'`, `import('x')`, `import.meta.resolve('x')` and `require('x')`.
const specifiers = /\b(?:from|import|resolve|require)\b\s*\(?\s*(['"])([@\w.#/-][@\w.#/:-]*)\1/g;

/** Returns the packages that the modules in `folder`, except tests, import at run time: each once, sorted by name. */
export function importsOf(folder: string): Import[] {
  const found = new Map<string, Import>();
  for (const path of globSync('**/*.{ts,js}', { cwd: folder, exclude: ['**/*.test.ts', '**/node_modules'] }).sort()) {
    const file = join(folder, path);
    for (const [, , specifier = ''] of code(file).matchAll(specifiers)) {
      if (/^[./#]/.test(specifier) || isBuiltin(specifier)) continue;
      const packageName = specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
      if (!found.has(packageName)) found.set(packageName, { packageName, file });
    }
  }
  return [...found.values()].sort((a, b) => (a.packageName < b.packageName ? -1 : 1));
}

/** Returns the code of a file without types, type imports and comment lines. */
function code(file: string): string {
  const source = readFileSync(file, 'utf8');
  return (file.endsWith('.ts') ? stripTypeScriptTypes(source) : source).replace(/^\s*(?:\/\/|\/?\*).*$/gm, '');
}
