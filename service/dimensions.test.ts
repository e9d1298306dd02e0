import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json, start } from './fixtures/app.ts';

const fixtures = join(import.meta.dirname, '../onnx/fixtures/shapes');

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rhizome-dimensions-'));
  for (const name of ['same-names', 'same-lengths', 'same-memory']) {
    await mkdir(join(dir, name));
    await cp(join(fixtures, `${name}.onnx`), join(dir, name, 'model.onnx'));
  }
});
afterAll(() => rm(dir, { recursive: true }));

const infer = async (model: string, tensors: Readonly<Record<string, readonly number[]>>): Promise<unknown> => {
  const { request } = await start({ dir });
  const inputs = Object.entries(tensors).map(([name, shape]) => ({
    name,
    datatype: 'FP32',
    shape,
    data: new Array<number>(shape.reduce((product, size) => product * size, 1)).fill(1),
  }));
  return json(await request('POST', `/v2/models/${model}/infer`, { inputs }));
};

test('dimensions with the same name need not be equal: the graph decides', async () => {
  expect(await infer('same-names', { a: [2], b: [3], square: [2, 5] })).toMatchObject({
    outputs: [
      { name: 'joined', shape: [5] },
      { name: 'shape', data: [2, 5] },
    ],
  });
  const { request } = await start({ dir });
  const row = { a: [1, 2], b: [3], square: [[1, 1]] };
  expect(await json(await request('POST', '/models/same-names/predictions', row))).toMatchObject({
    outputs: { joined: [1, 2, 3], shape: [1, 2] },
  });
});

test.each([
  [
    'same-lengths',
    { a: [1, 2], b: [1, 3] },
    "the node 'add' (Add) failed: Attempting to broadcast an axis by a dimension other than 1. 2 by 3. " +
      "Dimension 1 of 'b' is 3, dimension 1 of 'a' is 2, and the model calls both 'M'.",
  ],
  [
    'same-memory',
    { a: [2], b: [3] },
    'dimensions to which the model gives the same name have different sizes, which its run does not allow: the ' +
      "shapes are [2] and [3]. Dimension 0 of 'b' is 3, dimension 0 of 'a' is 2, and the model calls both 'M'.",
  ],
])('%s: if it does need them to be equal, the message names both', async (model, shapes, reason) => {
  expect(await infer(model, shapes)).toEqual({ error: `The model's runtime rejects the inputs: ${reason}` });
});
