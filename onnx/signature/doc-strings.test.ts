import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnxruntime } from '../engine/onnxruntime.ts';
import { Model } from '../model.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rhizome-texts-'));
  await cp(join(import.meta.dirname, '../fixtures/documented.onnx'), join(folder, 'model.onnx'));
});
afterEach(() => rm(folder, { recursive: true }));

async function texts(): Promise<unknown[]> {
  const model = await Model.load(folder, onnxruntime, { threads: 1 });
  await model.release();
  return [model.signature.description, ...model.signature.features.map(({ name, description }) => [name, description])];
}

test('doc strings describe the model and its features, but not the columns of a table', async () => {
  expect(await texts()).toEqual([
    'Doubles what it gets.',
    ['X_0', undefined],
    ['X_1', undefined],
    ['image', 'Of the leaf.'],
  ]);
});

test('the descriptions in model.json take precedence', async () => {
  await writeFile(
    join(folder, 'model.json'),
    JSON.stringify({
      description: 'Of ours.',
      features: [
        { name: 'length', description: 'In cm.' },
        { name: 'width' },
        { name: 'photo', description: 'From above.' },
      ],
    }),
  );
  expect(await texts()).toEqual(['Of ours.', ['length', 'In cm.'], ['width', undefined], ['photo', 'From above.']]);
});
