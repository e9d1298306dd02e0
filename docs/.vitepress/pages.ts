/** The pages of docs/, in the groups of docs/README.md: the sidebar has no other list. */
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** A page: its title, its path below docs/, and the pages of the folder whose index it is. */
export interface Page {
  readonly title: string;
  readonly path: string;
  readonly pages: readonly Page[];
}

/** A section of docs/README.md. */
export interface Group {
  readonly title: string;
  readonly pages: readonly Page[];
}

/** Returns the groups of pages, and fails if docs/README.md lists a page twice, or not at all. */
export function readGroups(docs: string): readonly Group[] {
  const [, ...sections] = readFileSync(join(docs, 'README.md'), 'utf8').split(/^## /m);
  const groups = sections.map((section) => ({
    title: section.slice(0, section.indexOf('\n')),
    pages: [...section.matchAll(/^- \[(.+?)\]\(([\w/-]+\.md)\)/gm)].map(([, title = '', path = '']) => ({
      title,
      path,
      pages: basename(path) === 'README.md' ? readFolder(docs, dirname(path)) : [],
    })),
  }));
  const listed = groups.flatMap(({ pages }) => pages.flatMap((page) => [page, ...page.pages])).map(({ path }) => path);
  const twice = listed.filter((path, index) => listed.indexOf(path) !== index);
  const missing = findPages(docs).filter((path) => path !== 'README.md' && !listed.includes(path));
  if (twice.length > 0) throw new Error(`docs/README.md lists twice: ${twice.join(', ')}.`);
  if (missing.length > 0)
    throw new Error(`docs/README.md lists no ${missing.join(', ')}: add each to the section that it belongs to.`);
  return groups;
}

/** Returns the paths of all pages below docs/, sorted. */
export function findPages(docs: string): readonly string[] {
  return globSync(['*.md', '[!.]*/**/*.md'], {
    cwd: docs,
    exclude: (name) => /^(node_modules|api)$/.test(name),
  }).sort();
}

/** Returns the pages of a folder with an index of its own, in the order of their names. */
function readFolder(docs: string, folder: string): readonly Page[] {
  return findPages(docs)
    .filter((path) => dirname(path) === folder && basename(path) !== 'README.md')
    .map((path) => {
      const [, title = path] = /^# (.*)$/m.exec(readFileSync(join(docs, path), 'utf8')) ?? [];
      return { title, path, pages: [] };
    });
}
