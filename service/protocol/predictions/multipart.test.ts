import { readMultipart } from './multipart.ts';

const read = (body: string, type = 'multipart/form-data; boundary=b'): string[] =>
  readMultipart(Buffer.from(body), type).map(({ name, content }) => `${name}=${content.toString()}`);
const part = (disposition: string): string => `--b\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n1\r\n--b--`;

test.each([
  // As .NET writes it.
  ['name=image', 'image'],
  ['name=image; filename=cat.jpg', 'image'],
  ['filename="a; name=x"; name="image"', 'image'],
  ['name="image"; filename="a; name="evil".png"', 'image'],
  ['name="image"; filename="a; name=\\"evil\\".png"', 'image'],
  ['filename=cat.jpg ; NAME = "image"', 'image'],
  ['name="a\\"b"', 'a"b'],
  ['name="a%22b"', 'a"b'],
])('the name of a part: %s', (disposition, name) => {
  expect(read(part(disposition))).toEqual([`${name}=1`]);
});

test.each([
  ['spaces after a boundary', `--b \t\r\n${part('name="a"').slice(5)}`],
  ['a preamble', `This is a form.\r\n\r\n${part('name="a"')}`],
  ['an empty line first', `\r\n${part('name="a"')}`],
  ['an epilogue', `${part('name="a"')}\r\nThat was a form.`],
])('a form with %s', (_, body) => {
  expect(read(body)).toEqual(['a=1']);
});

test('a boundary is quoted, or between other parameters', () => {
  for (const type of ['boundary="b"', 'charset="; boundary=x"; boundary=b; x=y'])
    expect(read(part('name="a"'), `multipart/form-data; ${type}`)).toEqual(['a=1']);
});

test('what has no end in a header or a form is refused at once', () => {
  expect(() => read(part(`name="${'\\"'.repeat(4000)}`))).toThrow('a part has no name');
  expect(() => read(part(`${' ;'.repeat(4000)}name`))).toThrow('a part has no name');
  expect(() => read(`--b${' '.repeat(1_000_000)}`)).toThrow('is not the end of a line');
  expect(() => read(part('x'), `multipart/form-data; boundary=${'b'.repeat(71)}`)).toThrow('has no boundary');
});
