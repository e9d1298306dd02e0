import { issueText } from './issue-text.ts';

const issue = { pointer: '#/a', code: 'type' as const, value: 1 };

test.each([
  [{ detail: 'Got a string.', expected: 'a number (float32)' }, 'Got a string, expected a number (float32): 1'],
  [
    { detail: "Unknown field. Did you mean 'b'?", expected: 'a, b' },
    "Unknown field. Did you mean 'b'? Expected a, b: 1",
  ],
  [{ detail: 'Missing.' }, 'Missing: 1'],
])('%j', (given, text) => {
  expect(issueText({ ...issue, ...given })).toBe(text);
});
