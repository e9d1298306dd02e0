import type { Measurement } from './measurements/measurement.ts';
import { help, parseOptions, UsageError } from './options.ts';

const all: readonly Measurement[] = ['iris', 'forest'].map((name) => ({
  name,
  what: `measures ${name}`,
  run: () => Promise.resolve(),
}));
const parse = (...args: string[]) => parseOptions(args, all, '/results');

test('without options, everything is measured and written', () => {
  expect(parse()).toEqual({
    check: false,
    quick: false,
    selected: all,
    rounds: 3,
    seconds: 2,
    soakMinutes: 10,
    output: '/results',
  });
});

test('a part of a run is not written unless a folder is named', () => {
  expect(parse('--only', 'forest')).toMatchObject({ selected: [{ name: 'forest' }], output: undefined });
  expect(parse('--quick')).toMatchObject({ rounds: 2, seconds: 1, output: undefined });
  expect(parse('--quick', '--output', 'out')).toMatchObject({ output: 'out' });
});

test('wrong usage names the flag, the value and what was expected', () => {
  expect(() => parse('--only', 'roses')).toThrow(UsageError);
  expect(() => parse('--only', 'roses')).toThrow('--only roses is not a measurement; expected iris, forest.');
  expect(() => parse('--rounds', '0')).toThrow('--rounds is "0": expected a whole number from 1.');
  expect(() => parse('--fast')).toThrow(UsageError);
});

test('--help lists the measurements', () => {
  expect(parse('--help')).toBe('help');
  expect(help(all)).toMatch(/ iris +measures iris\n +forest +measures forest/);
});
