/** Returns about `count` round numbers between two numbers. */
export function ticks(from: number, to: number, count: number): readonly number[] {
  const rough = (to - from) / count;
  if (!(rough > 0)) return [from];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 2.5, 5].find((factor) => factor * power >= rough) ?? 10);
  const list: number[] = [];
  for (let index = Math.ceil(from / step - 1e-9); index * step <= to + step * 1e-9; index++)
    list.push(Number((index * step).toPrecision(12)));
  return list;
}
