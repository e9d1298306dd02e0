import { comment, literal, property } from './source-text.ts';

test('formats literals, properties and comments', () => {
  expect(literal(`it's "x" \\ \n`)).toBe(`'it\\'s "x" \\\\ \\n'`);
  expect([property('sepal_length'), property('sepal length'), property('1'), property("'")]).toEqual([
    'sepal_length',
    "'sepal length'",
    "'1'",
    "'\\''",
  ]);
  expect(comment(['Ends */ here.', undefined, 'On\ntwo lines.'], '  ')).toBe(
    '  /** Ends *\u200b/ here. On two lines. */\n',
  );
  expect(comment([undefined, ''])).toBe('');
});
