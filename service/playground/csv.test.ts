import { parseCsv, toCsv } from './page/rows/csv.ts';

test.each<[string, string, string[][]]>([
  [
    'lines of any system',
    'a,b\n1,2\r\n3,4',
    [
      ['a', 'b'],
      ['1', '2'],
      ['3', '4'],
    ],
  ],
  [
    'semicolons',
    'a;b\n1,5;2\n',
    [
      ['a', 'b'],
      ['1,5', '2'],
    ],
  ],
  [
    'tabs',
    'a\tb\n1\t2\n',
    [
      ['a', 'b'],
      ['1', '2'],
    ],
  ],
  ['quotes, with separators, lines and quotes within', '"a,""b""\n",c', [['a,"b"\n', 'c']]],
  ['blank lines, and a byte order mark', '\uFEFFa\n\n1\n \n', [['a'], ['1']]],
  [
    'empty cells',
    'a,b\n,\n1,',
    [
      ['a', 'b'],
      ['', ''],
      ['1', ''],
    ],
  ],
  ['nothing', '', []],
])('reads %s', (_, text, rows) => {
  expect(parseCsv(text)).toEqual(rows);
});

test('what is written is read again', () => {
  const rows = [
    ['plain', 'with, comma', 'with "quotes"'],
    ['two\nlines', '', ' spaces '],
  ];
  expect(parseCsv(toCsv(rows))).toEqual(rows);
});
