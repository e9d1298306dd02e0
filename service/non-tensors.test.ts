import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json, start } from './fixtures/app.ts';

const fixtures = join(import.meta.dirname, '../onnx/fixtures');

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rhizome-non-tensors-'));
  for (const name of ['multi-output', 'run-absent', 'run-optional', 'zipmap-if']) {
    await mkdir(join(dir, name));
    await cp(join(fixtures, `graphs/${name}.onnx`), join(dir, name, 'model.onnx'));
  }
  await cp(join(fixtures, 'external'), join(dir, 'external'), { recursive: true });
});
afterAll(() => rm(dir, { recursive: true }));

test.each<[string, object, object]>([
  [
    'multi-output',
    { X_0: 5.1, X_1: 3.5, X_2: 1.4, X_3: 0.2 },
    {
      label: [0, 0],
      probabilities_0: [expect.closeTo(0.98, 2), expect.closeTo(0.02, 2), expect.closeTo(0, 2)],
      probabilities_1: [expect.closeTo(1, 2), expect.closeTo(0, 2)],
    },
  ],
  ['zipmap-if', { x: [[1, 2, 3]], c: true }, { p: [[2, 3, 4]] }],
  ['external', { x: [[1, 2, 3]], c: true }, { z: [[127, 244]] }],
])('%s is served with tensors', async (name, input, outputs) => {
  const { request } = await start({ dir });
  const answer = await request('POST', `/models/${name}/predictions`, input);
  expect(answer.status).toBe(200);
  expect(await json(answer)).toMatchObject({ outputs });
});

test('a response lacks an optional output that has no value', async () => {
  const { request } = await start({ dir });
  const data = [1, 2, 3];
  for (const c of [true, false]) {
    const answer = await request('POST', '/models/run-absent/predictions', { x: [data], c });
    expect([answer.status, await json(answer)]).toEqual([
      200,
      expect.objectContaining({ outputs: c ? { o: [data] } : {} }),
    ]);
    const inputs = [
      { name: 'x', datatype: 'FP32', shape: [1, 3], data },
      { name: 'c', datatype: 'BOOL', shape: [], data: [c] },
    ];
    const response = await request('POST', '/v2/models/run-absent/infer', { inputs });
    expect(await json(response)).toMatchObject({ outputs: c ? [{ name: 'o', data }] : [] });
  }
});

test('a request of the Open Inference Protocol may leave an optional input out', async () => {
  const { request } = await start({ dir });
  const infer = async (...names: readonly string[]): Promise<readonly [number, Record<string, unknown>]> => {
    const inputs = names.map((name) => ({ name, datatype: 'FP32', shape: [1, 3], data: [1, 2, 3] }));
    const response = await request('POST', '/v2/models/run-optional/infer', { inputs });
    return [response.status, await json(response)];
  };
  expect(await infer('x', 'o')).toMatchObject([200, { outputs: [{ name: 'y', data: [2, 4, 6] }] }]);
  expect(await infer('x')).toMatchObject([200, { outputs: [{ name: 'y', data: [1, 2, 3] }] }]);
  expect(await infer('o')).toMatchObject([422, { error: "Input 'x' is missing. The model's inputs are 'x', 'o'." }]);
  const row = await request('POST', '/models/run-optional/predictions', {
    ...{ x_0: 1, x_1: 2, x_2: 3 },
    ...{ o_0: 1, o_1: 1, o_2: 1 },
  });
  expect(await json(row)).toMatchObject({ outputs: { y: [2, 3, 4] } });
});
