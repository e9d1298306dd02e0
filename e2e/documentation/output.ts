import type { Snippet } from './snippets.ts';

/** Throws unless a snippet printed what the documentation shows. */
export function checkOutput(expected: NonNullable<Snippet['expected']>, stdout: string, all: string): void {
  if (expected.language === 'json')
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toEqual(rounded(expected.value));
  // A page may show the messages on standard error too, as they are on the reader's screen.
  else if (!isShown(expected.text, stdout) && !isShown(expected.text, all))
    // Fails, and prints both.
    expect(all).toBe(expected.text);
}

/** Returns a matcher for a value of the documentation, where numbers are rounded. */
function rounded(value: unknown): unknown {
  if (typeof value === 'number') return expect.closeTo(value, 4) as unknown;
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, rounded(item)]));
}

/** What differs each time. A page shows one value of each. */
const volatile: readonly (readonly [what: string, pattern: RegExp])[] = [
  ['time', /\b(\d+ (second|minute)s?|(About|Less than) an? (second|minute))( ago)?\b/g],
  ['time', /\b(\d+m)?\d+(\.\d+)? ?m?s\b/g],
  ['size', /\b\d+(\.\d+)? ?[kKMG]?i?B\b/g],
  ['hash', /\b[0-9a-f]{64}\b/g],
  ['hash', /\b[0-9a-f]{12}\b/g],
  ['pod', /(?<=-)[0-9a-z]{7,10}-[0-9a-z]{5}\b/g],
  ['address', /\b10\.\d+\.\d+\.\d+\b/g],
];

/**
 * Returns whether the lines of an output are those that a page shows. `…` in a line stands for any text, and `…` alone
 * for any lines. Spaces count as one, because the width of a column depends on what differs each time.
 */
export function isShown(shown: string, output: string): boolean {
  const pattern = linesOf(shown).map((line) =>
    line === '…' ? '(.*\n)*' : `${line.split('…').map(escape).join('.*')}\n`,
  );
  return new RegExp(`^${pattern.join('')}$`).test(
    linesOf(output)
      .map((line) => `${line}\n`)
      .join(''),
  );
}

function linesOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) =>
      volatile
        .reduce((rest, [what, pattern]) => rest.replaceAll(pattern, `<${what}>`), line)
        .replaceAll(/\s+/g, ' ')
        .trim(),
    )
    .filter((line) => line !== '');
}

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
