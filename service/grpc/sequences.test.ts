import { join } from 'node:path';
import { modelsFolder, start, stopAll } from './fixtures/server.ts';

afterEach(stopAll);

test('a sequence is sent and returned as tensors with their own shapes, and metadata says what it is', async () => {
  const graph = join(import.meta.dirname, '../../onnx/fixtures/graphs/sequence-rows.onnx');
  const client = (await start({ dir: await modelsFolder({ rows: graph }) })).client();
  expect(await client.call('ModelMetadata', { name: 'rows' })).toMatchObject({
    inputs: [{ name: 's', shape: ['-1', '-1', '3'], parameters: { sequence: { bool_param: true } } }],
    outputs: [{ name: 'out', parameters: { sequence: { bool_param: true } } }, { name: 'n' }],
  });
  const inputs = [
    { name: 's_0', datatype: 'FP32', shape: ['1', '3'], contents: { fp32_contents: [1, 2, 3] } },
    { name: 's_1', datatype: 'FP32', shape: ['2', '3'], contents: { fp32_contents: [4, 5, 6, 7, 8, 9] } },
  ];
  const outputs = inputs.map((tensor, index) => ({ ...tensor, name: `out_${index}` }));
  expect(await client.call('ModelInfer', { model_name: 'rows', inputs, outputs: [{ name: 'out' }] })).toMatchObject({
    outputs,
  });
});
