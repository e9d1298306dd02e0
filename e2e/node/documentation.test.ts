import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { documents, snippets } from '../snippets.ts';

const root = join(import.meta.dirname, '../..');

test.each(documents(root))('a test runs every snippet of %s, or a comment says why not', (document) => {
  expect(
    snippets(root, document)
      .filter(({ how }) => how.kind === 'unmarked')
      .map(({ place }) => place),
  ).toEqual([]);
});

test.each(documents(root))('the links of %s lead to existing files', (document) => {
  const text = readFileSync(join(root, document), 'utf8');
  const targets = [...text.matchAll(/\]\(([^)#]+)[^)]*\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !target.includes('://'));
  expect(targets.filter((target) => !existsSync(join(root, dirname(document), target)))).toEqual([]);
});
