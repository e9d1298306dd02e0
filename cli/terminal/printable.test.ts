import { createLiveLines } from './live-lines.ts';
import { escapeControls, printable, printableStyled } from './printable.ts';

test.each([
  ['\u001b]52;c;AAAA\u0007', String.raw`\u001b]52;c;AAAA\u0007`],
  ['a\n12:00:00 forged', String.raw`a\u000a12:00:00 forged`],
  ['\r\t\u007f\u009b31m\u0085', String.raw`\u000d\u0009\u007f\u009b31m\u0085`],
  ['\u2028\u2029\u202e', String.raw`\u2028\u2029\u202e`],
  ['Köln 花 👩‍🌾', 'Köln 花 👩‍🌾'],
])('%j: what a terminal would obey or what would end the line is escaped', (text, expected) => {
  expect(escapeControls(text)).toBe(expected);
});

test('a text of several lines keeps its lines and tabs, but no colours', () => {
  expect(printable('a\n\tb \u001b[31mred\u001b[0m \u001b[2J\r')).toBe('a\n\tb red \\u001b[2J\\u000d');
});

test('a styled text keeps its colours and nothing else that a terminal obeys', () => {
  expect(printableStyled('\u001b[1;31mred\u001b[0m\n\u001b[2J\u009b2J')).toBe(
    '\u001b[1;31mred\u001b[0m\n\\u001b[2J\\u009b2J',
  );
});

test('live lines cannot move the cursor', () => {
  let text = '';
  createLiveLines({ write: (part) => (text += part) }).show(['\u001b[32mready\u001b[39m \u001b[9A\nx']);
  expect(text).toBe('\u001b[32mready\u001b[39m \\u001b[9A\\u000ax\n');
});
