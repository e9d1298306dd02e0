import type { Issue } from '../../service/contract/index.ts';
import { toJson } from '../json.ts';

/** Formats what is wrong with a value, without where it is: `Got a string, expected a number (float32): "wide"`. */
export function issueText({ detail, value, expected }: Issue): string {
  const isQuestion = detail.endsWith('?');
  const wanted = expected === undefined ? '' : `${isQuestion ? ' Expected' : ', expected'} ${expected}`;
  return `${detail.replace(/\.$/, '')}${wanted}${value === undefined ? '' : `: ${toJson(value)}`}`;
}
