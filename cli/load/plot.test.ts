import { plot } from './plot.ts';
import type { SecondReport } from './report.ts';

const second = (index: number, max: number, failed = 0): SecondReport => ({
  second: index,
  sent: 10,
  failed,
  p50: max,
  max,
});

test('bars show the slowest response, with failures below and seconds along the axis', () => {
  const perSecond = [
    ...Array.from({ length: 11 }, (_, index) => second(index, 40)),
    second(11, 200, 3),
    second(12, NaN, 12),
  ];
  expect(plot({ perSecond })).toEqual([
    '  200 ms │           █',
    '         │           █',
    '         │           █',
    '         │           █',
    '       0 │████████████',
    '  failed │           3#',
    '         └┬─────────┬──',
    '          0 s       10 s',
  ]);
});

test('a second without requests is blank; a fast response is visible', () => {
  const lines = plot({ perSecond: [second(0, 0.1), second(2, 50)] });
  expect(lines[4]).toBe('       0 │▁ █');
});

test('more seconds than columns share them, each as high as its slowest', () => {
  const perSecond = Array.from({ length: 60 }, (_, index) =>
    second(index, index === 31 ? 100 : 50, index >= 58 ? 6 : 0),
  );
  const lines = plot({ perSecond }, 30);
  expect(lines[0]).toBe('  100 ms │          █');
  expect(lines[4]).toBe(`       0 │${'█'.repeat(20)}`);
  expect(lines[5]).toBe(`  failed │${' '.repeat(19)}#`);
  expect(lines[7]).toBe('          0 s       30 s');
});

test('nothing sent: no lines', () => {
  expect(plot({ perSecond: [] })).toEqual([]);
});
