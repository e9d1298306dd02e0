import { isHostname, overlap } from './hostnames.ts';

test.each(['iris.example.com', '*.example.com', 'iris', 'xn--mnchen-3ya.example'])('%s is a name of a host', (name) => {
  expect(isHostname(name)).toBe(true);
});

test.each(['', '*', 'Iris.example', 'iris.example:80', '10.0.0.1', 'iris..example', 'a.*.example', '-iris.example', 7])(
  '%j is not a name of a host',
  (name) => {
    expect(isHostname(name)).toBe(false);
  },
);

test.each<[string, string, boolean]>([
  ['iris.example', 'iris.example', true],
  ['*.example', 'iris.example', true],
  ['iris.example', '*.example', true],
  ['*.example', '*.iris.example', true],
  ['*.example', 'a.b.example', true],
  ['*.example', 'example', false],
  ['*.example', 'iris.other-example', false],
  ['iris.example', 'wine.example', false],
])('%s and %s: %s', (one, other, expected) => {
  expect(overlap(one, other)).toBe(expected);
});
