import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findPages } from '../../docs/.vitepress/pages.ts';

/** A shell snippet or a file from the documentation, and what the comment above it says about running it. */
export interface Snippet {
  /** The path from the repository's root, and the line: `README.md:20`. */
  readonly place: string;
  readonly code: string;
  /** The heading above it. Programs that the snippet starts are stopped at the end of this section. */
  readonly section: string;
  readonly how:
    /** It may be run several times, if it measures something that a busy machine can spoil. */
    | { readonly kind: 'run'; readonly terminal: boolean; readonly exitCode: number; readonly attempts: number }
    /** The snippet counts as done when its output contains the text. It keeps running until the section ends. */
    | { readonly kind: 'run until'; readonly text: string }
    /** The reader saves it in this file. */
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'not run'; readonly reason: string }
    | { readonly kind: 'unmarked' };
  /** The block after the snippet, if it shows the output. */
  readonly expected?:
    { readonly language: 'json'; readonly value: unknown } | { readonly language: 'text'; readonly text: string };
}

/** Returns the paths of the pages at the repository's root and of those below docs/, relative to the root. */
export function documents(root: string): string[] {
  const pages = findPages(join(root, 'docs'));
  return ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', ...pages.map((name) => `docs/${name}`)];
}

/** Whether a page is one of the tutorial, whose pages are read in their order. */
export const isOfTutorial = (document: string): boolean => document.startsWith('docs/tutorial/');

/** Returns the shell snippets of a document, and the files that its reader saves, in their order. */
export function snippets(root: string, document: string): Snippet[] {
  const lines = readFileSync(join(root, document), 'utf8').split('\n');
  let section = document;
  return lines.flatMap((line, index): Snippet[] => {
    // A shell comment would look like a heading too, but no snippet has one that starts in the first column.
    if (/^##? /.test(line)) section = line;
    if (!/^```\w+$/.test(line)) return [];
    const instruction = how(lines.slice(0, index).findLast((before) => before !== '') ?? '');
    if (line !== '```sh' && instruction.kind !== 'file') return [];
    const end = lines.indexOf('```', index);
    const expected = instruction.kind === 'run' ? expectedOutput(lines.slice(end + 1)) : undefined;
    return [
      {
        place: `${document}:${index + 2}`,
        code: lines.slice(index + 1, end).join('\n'),
        section,
        how: instruction,
        ...(expected !== undefined && { expected }),
      },
    ];
  });
}

function how(comment: string): Snippet['how'] {
  const marker = /^<!-- (.*) -->$/.exec(comment)?.[1] ?? '';
  const [, before, rest = ''] = /^(run until|not run:|file:) (.+)$/.exec(marker) ?? [];
  if (before === 'run until') return { kind: 'run until', text: /^"(.*)"$/.exec(rest)?.[1] ?? rest };
  if (before === 'not run:') return { kind: 'not run', reason: rest };
  if (before === 'file:') return { kind: 'file', path: rest };
  const [run, terminal, exitCode = '0', attempts = '1'] =
    /^run(?:( in a terminal)|, exits with (\d+)|, at most (\d+) times)?$/.exec(marker) ?? [];
  if (run === undefined) return { kind: 'unmarked' };
  return { kind: 'run', terminal: terminal !== undefined, exitCode: Number(exitCode), attempts: Number(attempts) };
}

/** Returns what the lines after a snippet show of its output, or undefined if they start with something else. */
function expectedOutput(after: readonly string[]): Snippet['expected'] {
  const start = after.findIndex((line) => line !== '');
  const text = after.slice(start + 1, after.indexOf('```', start + 1)).join('\n');
  if (after[start] === '```json') return { language: 'json', value: JSON.parse(text) as unknown };
  return after[start] === '```text' ? { language: 'text', text } : undefined;
}
