import type { BenchModel } from './bench-model.ts';
import { cacheModel } from './model-cache.ts';
import { FLOAT, onnxModel, tensorValue } from './onnx-file.ts';

/** Returns an image of 224×224 pixels as it came: 600 KB in and out, and nothing to compute. */
export async function image(): Promise<BenchModel> {
  const shape = ['N', 3, 224, 224];
  const content = onnxModel({
    inputs: [tensorValue('image', FLOAT, shape)],
    outputs: [tensorValue('copy', FLOAT, shape)],
    nodes: [{ op: 'Identity', inputs: ['image'], outputs: ['copy'] }],
  });
  const file = await cacheModel('image', content, { name: 'image', version: '1' });
  return {
    name: 'image',
    ...file,
    tensorFile: file.file,
    input: 'image',
    rowShape: [3, 224, 224],
    features: [],
    ranges: [],
    classes: [],
  };
}
