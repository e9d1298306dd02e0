import type { InvalidProp } from '../invalid-props-error.ts';

/** Checks the reason for doing without something that is otherwise required, which reviewers read. */
export function* checkReason(prop: string, value: string | undefined): Generator<InvalidProp> {
  if (value?.trim() !== '') return;
  yield { prop, value, reason: 'gives no reason', fix: 'Write a reason, or remove it.' };
}
