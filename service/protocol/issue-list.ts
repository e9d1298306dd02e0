import type { Issue } from '../contract/index.ts';
import { ServiceError } from '../errors.ts';
import { cut } from '../inference/format-value.ts';

/** Beyond these a list of problems helps nobody, and would be larger than the request. */
const MOST_ISSUES = 100;

/** What is wrong with a body. */
export class Issues {
  readonly #first: Issue[] = [];
  #count = 0;

  /** Takes what makes the issue: past those that are listed, a flood must cost nothing but counting. */
  add(issue: () => Issue): void {
    if (this.#count++ < MOST_ISSUES) this.#first.push(issue());
  }

  /** @throws ServiceError `invalid-input` */
  throwIfAny(): void {
    if (this.#count === 0) return;
    const more = this.#count > MOST_ISSUES ? ` The first ${MOST_ISSUES} are listed.` : '';
    throw new ServiceError(
      'invalid-input',
      `${this.#count} ${this.#count === 1 ? 'field is' : 'fields are'} wrong.${more}`,
      {
        issues: this.#first,
      },
    );
  }
}

/** A JSON Pointer, as a URI fragment (RFC 6901). */
export function pointerTo(...path: readonly (string | number)[]): string {
  return [
    '#',
    ...path.map((key) =>
      encodeURIComponent(cut(String(key)))
        .replaceAll('~', '~0')
        .replaceAll('%2F', '~1'),
    ),
  ].join('/');
}

/** What came, as JSON can show it: long texts cut, nothing nested, no number that JSON lacks. */
export function shorten(value: unknown): unknown {
  if (typeof value === 'string') return cut(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (Array.isArray(value)) return '[…]';
  return typeof value === 'object' && value !== null ? '{…}' : value;
}

/** `an array`, `a string`, `null`. */
export function whatCame(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'bigint') return 'a number';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
