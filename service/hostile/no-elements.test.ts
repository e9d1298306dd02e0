/** Tensors without elements reach the runtime, once a process apart has survived them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { floatsOf, modelOf, nodeOf } from '../../onnx/fixtures/hostile.ts';
import { GRAPH, VALUE_INFO } from '../../onnx/graph/field-numbers.ts';
import { constantInts, intAttribute } from '../../onnx/graph/node.ts';
import { encode } from '../../onnx/graph/protobuf.ts';
import { metric } from '../fixtures/metric.ts';
import { startService, type ServiceProcess } from '../fixtures/process.ts';

const models = {
  // Declares that it has no elements.
  declared: modelOf([
    nodeOf('ReduceSum', ['x'], ['y'], [intAttribute('keepdims', 0)]),
    floatsOf(GRAPH.input, 'x', [2, 0, 3]),
    floatsOf(GRAPH.output, 'y', []),
  ]),
  // What a decoder gets before its first token.
  cache: modelOf([
    nodeOf('Concat', ['past', 'x'], ['present'], [intAttribute('axis', 1)]),
    floatsOf(GRAPH.input, 'past', [2, 'P', 3]),
    floatsOf(GRAPH.input, 'x', [2, 1, 3]),
    floatsOf(GRAPH.output, 'present', [2, 'Q', 3]),
  ]),
  // Divides the smallest integer by one less than the dimension, which by -1 ends the process on amd64.
  divides: modelOf([
    encode(GRAPH.node, [constantInts('least', -(2 ** 63))]),
    encode(GRAPH.node, [constantInts('one', 1)]),
    nodeOf('Shape', ['x'], ['length'], [intAttribute('start', 1)]),
    nodeOf('Sub', ['length', 'one'], ['less']),
    nodeOf('Div', ['least', 'less'], ['y']),
    floatsOf(GRAPH.input, 'x', [1, 'L']),
    encode(GRAPH.output, [encode(VALUE_INFO.name, 'y')]),
  ]),
};

let dir: string;
let service: ServiceProcess;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rhizome-no-elements-'));
  for (const [name, model] of Object.entries(models)) {
    await mkdir(join(dir, name));
    await writeFile(join(dir, name, 'model.onnx'), model);
  }
  service = await startService(dir);
});
afterAll(async () => {
  expect(await metric(service, 'rhizome_inference_process_restarts_total')).toBe(0);
  expect(await service.stop()).toBe(0);
  await rm(dir, { recursive: true });
});

async function post(path: string, body: unknown): Promise<readonly [number, Record<string, unknown>]> {
  const response = await fetch(`${service.url}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  });
  return [response.status, (await response.json()) as Record<string, unknown>];
}
const infer = (model: string, ...inputs: readonly object[]) => post(`/v2/models/${model}/infer`, { inputs });
const floats = (name: string, shape: readonly number[], data: unknown) => ({ name, datatype: 'FP32', shape, data });
const outputs = (shape: readonly number[], data: readonly number[]): unknown[] => [
  200,
  expect.objectContaining({ outputs: [expect.objectContaining({ shape, data })] }),
];

test('an input that the graph declares without elements', async () => {
  expect(await infer('declared', floats('x', [2, 0, 3], []))).toEqual(outputs([], [0]));
  expect(await post('/models/declared/predictions', { x: [[], []] })).toMatchObject([200, { outputs: { y: 0 } }]);
  expect(await infer('declared', floats('x', [2, 1, 3], [1, 2, 3, 4, 5, 6]))).toMatchObject([422, {}]);
});

test('a dynamic dimension may be 0, if the model survives it', async () => {
  const x = floats('x', [2, 1, 3], [1, 2, 3, 4, 5, 6]);
  for (const data of [[], [[], []]])
    expect(await infer('cache', floats('past', [2, 0, 3], data), x)).toEqual(outputs([2, 1, 3], [1, 2, 3, 4, 5, 6]));
});

const dies = process.arch === 'x64' ? test : test.skip;
dies('a model that does not survive it gets no such tensor, and answers everything else', async () => {
  const requests = [0, 3, 0, 5, 0].map((length) =>
    infer('divides', floats('x', [1, length], new Array<number>(length).fill(1))),
  );
  const refused = [422, { error: "Input 'x': dimension 1 of the shape [1, 0] is 0, expected at least 1." }];
  expect(await Promise.all(requests)).toEqual([
    refused,
    outputs([1], [-(2 ** 62)]),
    refused,
    outputs([1], [-(2 ** 61)]),
    refused,
  ]);
});
