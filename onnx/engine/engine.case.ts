import { EngineError, type Session, type Tensor } from './engine.ts';

/**
 * Tests what every engine has to do.
 *
 * @param load loads a model from X float32[N, 2] to doubled = X + X and shape = int64[2], the shape of X
 */
export function engineCases(load: () => Promise<Session>): void {
  const x = (rows: readonly (readonly [number, number])[]): Tensor => ({
    dtype: 'float32',
    shape: [rows.length, 2],
    data: Float32Array.from(rows.flat()),
  });

  test('returns names, types and shapes, with the symbols of dynamic dimensions', async () => {
    const session = await load();
    expect(session.inputs).toEqual([{ name: 'X', dtype: 'float32', shape: ['N', 2] }]);
    expect(session.outputs).toEqual([
      { name: 'doubled', dtype: 'float32', shape: ['N', 2] },
      { name: 'shape', dtype: 'int64', shape: [2] },
    ]);
  });

  test('runs, and returns only the requested outputs', async () => {
    const session = await load();
    const both = await session.run(
      {
        X: x([
          [1, 2],
          [3, 4],
        ]),
      },
      ['doubled', 'shape'],
    );
    expect(both).toEqual({
      doubled: { dtype: 'float32', shape: [2, 2], data: Float32Array.of(2, 4, 6, 8) },
      shape: { dtype: 'int64', shape: [2], data: BigInt64Array.of(2n, 2n) },
    });
    expect(Object.keys(await session.run({ X: x([[1, 2]]) }, ['shape']))).toEqual(['shape']);
  });

  test('runs in progress at the same time each return their own outputs', async () => {
    const session = await load();
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, n) => session.run({ X: x([[n, -n]]) }, ['doubled'])),
    );
    expect(results.map(({ doubled }) => Array.from(doubled!.data as Float32Array))).toEqual(
      Array.from({ length: 20 }, (_, n) => [2 * n, -2 * n]),
    );
  });

  const bad: [string, Record<string, Tensor>, string[]][] = [
    ['a wrong type', { X: { dtype: 'float64', shape: [1, 2], data: Float64Array.of(1, 2) } }, ['doubled']],
    ['a wrong shape', { X: { dtype: 'float32', shape: [1, 3], data: Float32Array.of(1, 2, 3) } }, ['doubled']],
    ['a missing input', {}, ['doubled']],
    ['an unknown output', { X: x([[1, 2]]) }, ['tripled']],
  ];
  test.each(bad)('%s is an EngineError, and the next run succeeds', async (_, feeds, fetches) => {
    const session = await load();
    await expect(session.run(feeds, fetches)).rejects.toThrow(EngineError);
    await expect(session.run({ X: x([[1, 2]]) }, ['doubled'])).resolves.toHaveProperty('doubled');
  });
}
