import { engineCases } from './engine.case.ts';
import { memoryEngine } from './fixtures/memory-engine.ts';

describe('in memory', () => {
  const engine = memoryEngine({
    inputs: [{ name: 'X', dtype: 'float32', shape: ['N', 2] }],
    outputs: [
      { name: 'doubled', dtype: 'float32', shape: ['N', 2] },
      { name: 'shape', dtype: 'int64', shape: [2] },
    ],
    compute: ({ X }) => ({
      doubled: { dtype: 'float32', shape: X!.shape, data: (X!.data as Float32Array).map((value) => value * 2) },
      shape: { dtype: 'int64', shape: [2], data: BigInt64Array.from(X!.shape, BigInt) },
    }),
  });
  engineCases(() => engine.load(new Uint8Array(), { threads: 1 }));

  test('a released session does not run', async () => {
    const session = await engine.load(new Uint8Array(), { threads: 1 });
    await session.release();
    await expect(session.run({}, [])).rejects.toThrow('released');
  });
});
