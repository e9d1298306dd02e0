import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchModel } from './bench-model.ts';
import { cacheTensorFile, root } from './model-cache.ts';

interface Description {
  readonly features: readonly { readonly name: string; readonly range: readonly [number, number] }[];
  readonly classes: readonly string[];
}

/** The model of this repository: a logistic regression, a few microseconds per row. */
export async function iris(): Promise<BenchModel> {
  const folder = join(root, 'models/iris');
  const file = join(folder, 'model.onnx');
  const { features, classes } = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8')) as Description;
  return {
    name: 'iris',
    modelsDir: join(root, 'models'),
    file,
    tensorFile: await cacheTensorFile('iris', file),
    input: 'X',
    rowShape: [features.length],
    features: features.map(({ name }) => name),
    ranges: features.map(({ range }) => range),
    classes,
  };
}
