import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isShown } from '../documentation/output.ts';
import { documents, isOfTutorial, snippets } from '../documentation/snippets.ts';
import { pictures } from '../tutorial/pictures.ts';

const root = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const pages = documents(root).filter(isOfTutorial);
const drawn = pictures();

test.each(Object.entries(drawn))('docs/tutorial/%s.svg is drawn from its source, and on a page', (name, svg) => {
  expect(read(`docs/tutorial/${name}.svg`) === svg || 'run: npm run docs:tutorial').toBe(true);
  expect(pages.filter((page) => read(page).includes(`](${name}.svg)`))).toHaveLength(1);
});

test('there are no other pictures', () => {
  const files = readdirSync(join(root, 'docs/tutorial')).filter((name) => name.endsWith('.svg'));
  expect(files).toEqual(
    Object.keys(drawn)
      .map((name) => `${name}.svg`)
      .sort(),
  );
});

test("the reader's images start from the image that the project's own starts from", () => {
  const [, base] = /^ARG NODE_IMAGE=([^@]+)@/m.exec(read('Dockerfile')) ?? [];
  const dockerfiles = pages
    .flatMap((page) => snippets(root, page))
    .filter(({ how }) => how.kind === 'file' && how.path.includes('Dockerfile'));
  expect(dockerfiles.map(({ code }) => code.split('\n')[0])).toEqual(dockerfiles.map(() => `FROM ${base!}`));
  expect(dockerfiles.length).toBeGreaterThan(1);
});

test.each(pages.filter((page) => !page.endsWith('README.md')))('%s says why, what to do and what happened', (page) => {
  const headings = [...read(page).matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
  expect(headings).toEqual(expect.arrayContaining(['Why', 'Do', 'Look', 'What happened', 'Clean up']));
});

describe('the output of a snippet', () => {
  test.each([
    ['a', 'a\n', true],
    ['a', 'b', false],
    ['a', 'a\nb', false],
    ['a\n…', 'a\nb\nc', true],
    ['…\nc', 'a\nb\nc', true],
    ['a…c', 'abbbc', true],
    ['a.c', 'abc', false],
    ['NAME   AGE\nx      12s', 'NAME AGE\nx    1m5s', true],
    ['iris-7c9d8f6b5d-4k2xp 1/1', 'iris-5d8f7c6b9d-zzzzz 1/1', true],
    ['iris-7c9d8f6b5d-4k2xp 1/1', 'iris-5d8f7c6b9d-zzzzz 0/1', false],
    ['Exited (0) 1 second ago', 'Exited (0) About a minute ago', true],
    ['hello v1 219MB', 'hello v1 1.1GB', true],
    ['Good morning from 5f0c6c1a7d3b', 'Good morning from 0123456789ab', true],
  ])('is %j if it printed %j: %j', (shown, output, expected) => {
    expect(isShown(shown, output)).toBe(expected);
  });
});
