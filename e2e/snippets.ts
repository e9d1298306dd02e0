import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A shell snippet of the documentation, with what the comment above it says of it. */
export interface Snippet {
  /** Path from the root, with the line: `README.md:20`. */
  readonly place: string;
  readonly code: string;
  /** The heading that it stands under: what it starts ends with that section. */
  readonly section: string;
  readonly how:
    | { readonly kind: 'run'; readonly terminal: boolean }
    /** Runs on, once its output has the text, until the section ends. */
    | { readonly kind: 'run until'; readonly text: string }
    | { readonly kind: 'not run'; readonly reason: string }
    | { readonly kind: 'unmarked' };
  /** The JSON block behind it: what its last line of output must be. */
  readonly answer: unknown;
}

/** The pages for people: those at the root, and those of docs/. Paths from the root. */
export function documents(root: string): string[] {
  const pages = readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .sort();
  return ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md', ...pages.map((name) => `docs/${name}`)];
}

export function snippets(root: string, document: string): Snippet[] {
  const lines = readFileSync(join(root, document), 'utf8').split('\n');
  let section = document;
  return lines.flatMap((line, index): Snippet[] => {
    // A comment in a snippet looks like a heading too, but none of ours starts in the first column with one `#` and a word.
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
        answer:
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
