import type { Issue } from '../contract/index.ts';
import { ServiceError } from '../errors.ts';
import { formatCount, truncate } from '../inference/format-value.ts';

/** A longer list would not help anyone, and could be larger than the request. */
const MOST_ISSUES = 100;

/** Collects what is wrong with a body. */
export class IssueList {
  readonly #first: Issue[] = [];
  #full = false;
  #unreadRows = 0;

  /** Whether there are more issues than are listed. Then the rest of the body need not be read. */
  get full(): boolean {
    return this.#full;
  }

  /** Adds an issue. It is passed as a function, so that issues beyond the limit are not created. */
  add(issue: () => Issue): void {
    if (this.#first.length < MOST_ISSUES) this.#first.push(issue());
    else this.#full = true;
  }

  /** Tells how many rows have not been read, because the list is full. */
  leaveUnread(rows: number): void {
    this.#unreadRows += rows;
  }

  /** @throws {ServiceError} `invalid-input` if there are issues */
  throwIfAny(): void {
    const count = this.#first.length;
    if (count === 0) return;
    throw new ServiceError(
      'invalid-input',
      this.#full
        ? `More than ${count} fields are invalid. Only the first ${count} are listed${this.#describeUnread()}.`
        : `${formatCount(count, 'field')} ${count === 1 ? 'is' : 'are'} invalid.`,
      { issues: this.#first },
    );
  }

  #describeUnread(): string {
    const rows = this.#unreadRows;
    return rows === 0 ? '' : `, and ${formatCount(rows, 'row')} ${rows === 1 ? 'was' : 'were'} not read`;
  }
}

/** Returns a JSON Pointer as a URI fragment (RFC 6901). */
export function pointerTo(...path: readonly (string | number)[]): string {
  return [
    '#',
    ...path.map((key) =>
      encodeURIComponent(truncate(String(key)))
        .replaceAll('~', '~0')
        .replaceAll('%2F', '~1'),
    ),
  ].join('/');
}

/**
 * Shortens a value for an issue: long texts are truncated, nested values abbreviated, NaN and infinities become texts.
 */
export function shorten(value: unknown): unknown {
  if (typeof value === 'string') return truncate(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (Array.isArray(value)) return '[…]';
  return typeof value === 'object' && value !== null ? '{…}' : value;
}

/** Returns the JSON type of a value with an article: `an array`, `a string`, `null`. */
export function jsonTypeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'bigint') return 'a number';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
