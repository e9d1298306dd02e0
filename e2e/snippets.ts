import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPages } from '../docs/.vitepress/pages.ts';

/** A shell snippet from the documentation, and what the comment above the snippet says about running it. */
export interface Snippet {
  /** The path from the repository's root, and the line: `README.md:20`. */
  readonly place: string;
  readonly code: string;
  /** The heading above it. Programs that the snippet starts are stopped at the end of this section. */
  readonly section: string;
  readonly how:
    | { readonly kind: 'run'; readonly terminal: boolean }
    /** The snippet counts as done when its output contains the text. It keeps running until the section ends. */
    | { readonly kind: 'run until'; readonly text: string }
    | { readonly kind: 'not run'; readonly reason: string }
    | { readonly kind: 'unmarked' };
  /** The JSON block after the snippet, if there is one: the expected last line of its output. */
  readonly expectedOutput: unknown;
}

/** Returns the paths of the pages at the repository's root and of those below docs/, relative to the root. */
export function documents(root: string): string[] {
  const pages = findPages(join(root, 'docs'));
  return ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', ...pages.map((name) => `docs/${name}`)];
}

/** Returns the shell snippets of a document, in their order. */
export function snippets(root: string, document: string): Snippet[] {
  const lines = readFileSync(join(root, document), 'utf8').split('\n');
  let section = document;
  return lines.flatMap((line, index): Snippet[] => {
    // A shell comment would look like a heading too, but no snippet has one that starts in the first column.
    if (/^##? /.test(line)) section = line;
    if (line !== '```sh') return [];
    const end = lines.indexOf('```', index);
    const after = lines.findIndex((next, at) => at > end && next !== '');
    return [
      {
        place: `${document}:${index + 2}`,
        code: lines.slice(index + 1, end).join('\n'),
        section,
        how: how(lines.slice(0, index).findLast((before) => before !== '') ?? ''),
        expectedOutput:
          lines[after] === '```json'
            ? (JSON.parse(lines.slice(after + 1, lines.indexOf('```', after)).join('\n')) as unknown)
            : undefined,
      },
    ];
  });
}

function how(comment: string): Snippet['how'] {
  const marker = /^<!-- (.*) -->$/.exec(comment)?.[1] ?? '';
  const until = /^run until "(.*)"$/.exec(marker)?.[1];
  if (until !== undefined) return { kind: 'run until', text: until };
  const reason = /^not run: (.+)$/.exec(marker)?.[1];
  if (reason !== undefined) return { kind: 'not run', reason };
  if (marker === 'run' || marker === 'run in a terminal') return { kind: 'run', terminal: marker !== 'run' };
  return { kind: 'unmarked' };
}
