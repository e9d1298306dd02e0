import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importsOf } from './imports.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imports-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const packagesOf = (source: string, name = 'a.ts'): string[] => {
  writeFileSync(join(folder, name), source);
  return importsOf(folder).map(({ packageName }) => packageName);
};

test.each([
  ['a default import', `import pino from 'pino';`, ['pino']],
  ['names over several lines', `import {\n  one,\n  two,\n} from "hono";`, ['hono']],
  ['a re-export', `export * from 'hono';`, ['hono']],
  ['an import for its effects', `import 'side-effects';`, ['side-effects']],
  ['a dynamic import', `await import('later');`, ['later']],
  ['a file that is read from a package', `import.meta.resolve('swagger-ui-dist/swagger-ui.css');`, ['swagger-ui-dist']],
  ['require', `const a = require('old'); require.resolve('older/file.js');`, ['old', 'older']],
  ['a path in a package', `import { cors } from 'hono/cors';`, ['hono']],
  ['a path in a scoped package', `import { serve } from '@hono/node-server/serve-static';`, ['@hono/node-server']],
  ['one package twice', `import 'a'; import b from 'a/b';`, ['a']],
  ['types alone, which are erased', `import type { Logger } from 'pino'; type A = import('ajv').Ajv;`, []],
  ['modules of Node and of this project', `import 'node:fs'; import 'path'; import './b.ts'; import '#c';`, []],
  ['the end of one text and the start of another', `arg === 'import' || arg === 'b'; 'from' + ':' + 'c'`, []],
  ['a comment', `// import 'a'\n/** from 'b' */\n * as in "import 'c'"\n`.replace('\n *', '\n/*\n *') + '*/', []],
])('finds %s', (_, source, packages) => {
  expect(packagesOf(source)).toEqual(packages);
});

test('skips tests, and names the importing file', () => {
  writeFileSync(join(folder, 'a.test.ts'), `import 'jest';`);
  writeFileSync(join(folder, 'a.js'), `import 'hono';`);
  expect(importsOf(folder)).toEqual([{ packageName: 'hono', file: join(folder, 'a.js') }]);
});
