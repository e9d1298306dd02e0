import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { toAnchor } from '../../docs/.vitepress/anchors.ts';
import { toSiteLink } from '../../docs/.vitepress/links.ts';
import { readGroups } from '../../docs/.vitepress/pages.ts';
import { documents, snippets } from '../documentation/snippets.ts';

const root = join(import.meta.dirname, '../..');

test.each(documents(root))('a test runs every snippet of %s, or a comment says why not', (document) => {
  expect(
    snippets(root, document)
      .filter(({ how }) => how.kind === 'unmarked')
      .map(({ place }) => place),
  ).toEqual([]);
});

const others = ['examples/README.md', 'bench/README.md'];

test.each([...documents(root), ...others])('the links of %s lead to files and headings that exist', (document) => {
  const text = readFileSync(join(root, document), 'utf8');
  const targets = [...text.matchAll(/\]\(([^)\s]+)[^)]*\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !target.includes('://'));
  expect(targets.filter((target) => !leadsSomewhere(document, target))).toEqual([]);
});

/** Returns whether the file of a link exists and, for a page, the heading. */
function leadsSomewhere(document: string, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? document : join(dirname(document), path);
  if (!existsSync(join(root, file))) return false;
  return anchor === undefined || !file.endsWith('.md') || anchors(file).includes(anchor);
}

/** Returns the anchors that GitHub and the site give to the headings of a page. */
function anchors(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8').replace(/^```[^]*?^```$/gm, '');
  const found = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => toAnchor(heading!));
  return found.map((anchor, index) => {
    const before = found.slice(0, index).filter((other) => other === anchor).length;
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}

test('docs/README.md lists every page once, and the site has the same groups', () => {
  const pages = readGroups(join(root, 'docs')).flatMap((group) => group.pages.flatMap((page) => [page, ...page.pages]));
  expect(pages.map(({ path }) => `docs/${path}`).sort()).toEqual(
    documents(root).filter((document) => document.startsWith('docs/') && document !== 'docs/README.md'),
  );
});

test.each([
  ['cli.md', 'client.md#errors', 'client.md#errors'],
  ['cli.md', '#output', '#output'],
  ['cli.md', 'https://kubernetes.io', 'https://kubernetes.io'],
  ['cli.md', 'README.md', 'index.md'],
  ['cli.md', '../README.md#start', 'https://example/blob/main/README.md#start'],
  ['cli.md', 'dashboard.json', 'https://example/blob/main/docs/dashboard.json'],
  ['tutorial/images.md', '../cli.md', '../cli.md'],
  ['tutorial/images.md', 'README.md#pages', 'index.md#pages'],
  ['tutorial/images.md', '../../kind.yaml', 'https://example/blob/main/kind.yaml'],
])('on the site, the link from %s to %s leads to %s', (page, link, expected) => {
  expect(toSiteLink(link, page, 'https://example')).toBe(expected);
});
