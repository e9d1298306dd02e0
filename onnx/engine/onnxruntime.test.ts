import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { engineCases } from './engine.case.ts';
import { EngineError, type DType, type Tensor } from './engine.ts';
import { onnxruntime } from './onnxruntime.ts';

const [double, echo] = ['double', 'echo'].map((name) => join(import.meta.dirname, `../fixtures/${name}.onnx`)) as [
  string,
  string,
];

describe('onnxruntime', () => {
  engineCases(async () => onnxruntime.load(await readFile(double), { threads: 1 }));

  test('bytes that are not a model are an EngineError', async () => {
    await expect(onnxruntime.load(Buffer.from('no model'), { threads: 1 })).rejects.toThrow(EngineError);
  });

  test('passes every element type through unchanged', async () => {
    const data: Record<string, Tensor['data']> = {
      float32: Float32Array.of(0.1, NaN),
      float64: Float64Array.of(0.1, -Infinity),
      float16: Float16Array.of(0.1, 65504),
      int8: Int8Array.of(-128, 127),
      int16: Int16Array.of(-32768, 32767),
      int32: Int32Array.of(-(2 ** 31), 2 ** 31 - 1),
      int64: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n),
      uint8: Uint8Array.of(0, 255),
      uint16: Uint16Array.of(0, 65535),
      uint32: Uint32Array.of(0, 2 ** 32 - 1),
      uint64: BigUint64Array.of(0n, 2n ** 64n - 1n),
      bool: Uint8Array.of(1, 0),
      string: ['', '\uFEFFé\u{1F33C}'],
    };
    const session = await onnxruntime.load(await readFile(echo), { threads: 1 });
    const feeds = Object.fromEntries(
      session.inputs.map(({ name }): [string, Tensor] => [
        name,
        { dtype: name as DType, shape: [2], data: data[name]! },
      ]),
    );
    const outputs = await session.run(
      feeds,
      session.outputs.map(({ name }) => name),
    );
    expect(Object.values(outputs)).toEqual(Object.values(feeds));
  });

  test.each([
    [
      'a model',
      'gather',
      "{ indices: { dtype: 'int64', shape: [1, 1], data: BigInt64Array.of(99n) } }, ['found']",
      'idx=99 must be within',
    ],
    [
      'the allocator',
      'expand',
      "{ shape: { dtype: 'int64', shape: [1], data: BigInt64Array.of(2n ** 62n) } }, ['expanded']",
      'overflow',
    ],
  ])(
    'an error of %s is thrown, and not also written to standard error, which has JSON log lines',
    (_, fixture, args, message) => {
      const path = join(import.meta.dirname, `../fixtures/${fixture}.onnx`);
      const script = `
      import { readFileSync } from 'node:fs';
      import { onnxruntime } from ${JSON.stringify(join(import.meta.dirname, 'onnxruntime.ts'))};
      const session = await onnxruntime.load(readFileSync(${JSON.stringify(path)}), { threads: 1 });
      await session.run(${args}).catch(({ message }) => console.log(message));`;
      const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
        encoding: 'utf8',
        timeout: 20_000,
      });
      expect([stdout, stderr]).toEqual([expect.stringContaining(message), '']);
    },
  );
});
