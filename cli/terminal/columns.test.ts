import { styleText, stripVTControlCharacters } from 'node:util';
import { columns, textWidth } from './columns.ts';

const red = (text: string): string => styleText('red', text, { validateStream: false });

test('each column is as wide as its widest cell, and no line ends in spaces', () => {
  expect(
    columns([
      ['NAME', 'READY', 'REASON'],
      ['a', 'yes', ''],
      ['bcdef', 'no', 'OOMKilled'],
    ]),
  ).toEqual(['NAME   READY  REASON', 'a      yes', 'bcdef  no     OOMKilled']);
});

test('no rows are no lines, and a row may be shorter than others', () => {
  expect(columns([])).toEqual([]);
  expect(columns([['a'], ['b', 'c']])).toEqual(['a', 'b  c']);
});

test('colours take no room', () => {
  const lines = columns([
    [red('no'), 'x'],
    ['yes', 'y'],
  ]);
  expect(lines.map(stripVTControlCharacters)).toEqual(['no   x', 'yes  y']);
  expect(lines[0]).toContain('\u001b[31mno\u001b[39m');
});

test('wide characters fill two cells, combining marks none', () => {
  expect(textWidth('花びら')).toBe(6);
  expect(textWidth('e\u0301')).toBe(1);
  expect(
    columns([
      ['幅', 'x'],
      ['width', 'y'],
    ]),
  ).toEqual(['幅     x', 'width  y']);
});

test('lines that are too long wrap in their widest column, at spaces', () => {
  const lines = columns([['pod-1', 'no', 'the model could not be loaded', 'v2']], { width: 30, indent: '  ' });
  expect(lines).toEqual(['  pod-1  no  the model      v2', '             could not be', '             loaded']);
});

test('a word longer than its column is split, and the width is kept as far as columns can shrink', () => {
  expect(columns([['x', 'abcdefghijklmnop']], { width: 13 })).toEqual(['x  abcdefghij', '   klmnop']);
  expect(columns([['abcdefghij', 'abcdefghij']], { width: 5 })).toEqual(['abcdefgh  abcdefgh', 'ij        ij']);
});

test('a colour goes on in the next line of its cell, and does not leak into other columns', () => {
  const lines = columns([[red('one two three four'), 'x']], { width: 13 });
  expect(lines.map(stripVTControlCharacters)).toEqual(['one two     x', 'three four']);
  expect(lines[0]).toBe('\u001b[31mone two\u001b[0m     x');
  expect(lines[1]).toBe('\u001b[31mthree four\u001b[39m');
});

test('a cell may have several lines', () => {
  expect(
    columns([
      ['✗ kind', 'not found\n→ install it'],
      ['✓ docker', '28.0'],
    ]),
  ).toEqual(['✗ kind    not found', '          → install it', '✓ docker  28.0']);
});

test('Markdown: the first row is the head, pipes are escaped, colours dropped', () => {
  expect(
    columns(
      [
        ['event', 'seen'],
        ['a|b', red('c')],
      ],
      { markdown: true },
    ),
  ).toEqual(['| event | seen |', '| --- | --- |', '| a\\|b | c |']);
});
