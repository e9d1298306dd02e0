import type { Issue } from '../../service/contract/index.ts';
import { toJson } from '../json.ts';

/** Formats what is wrong with a value, without where it is: `Expected a number, got a string: "wide"`. */
export function issueText({ detail, value, expected }: Issue): string {
  const what = detail.replace(/\.$/, '');
  // Most details say what was expected.
  const wanted = expected === undefined || what.startsWith('Expected') ? '' : `, expected ${expected}`;
  return `${what}${wanted}${value === undefined ? '' : `: ${toJson(value)}`}`;
}
