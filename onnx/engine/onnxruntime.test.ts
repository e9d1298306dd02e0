import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { engineCases } from './engine.case.ts';
import { EngineError } from './engine.ts';
import { onnxruntime } from './onnxruntime.ts';

const double = join(import.meta.dirname, '../fixtures/double.onnx');

describe('onnxruntime', () => {
  engineCases(async () => onnxruntime.load(await readFile(double), { threads: 1 }));

  test('refuses bytes that are no model', async () => {
    await expect(onnxruntime.load(Buffer.from('no model'), { threads: 1 })).rejects.toThrow(EngineError);
  });
});
