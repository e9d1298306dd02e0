import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnxruntime } from '../../onnx/engine/onnxruntime.ts';
import { ModelRepository } from '../inference/repository/repository.ts';
import { Metrics } from './metrics.ts';

test('each version of a model has its state and its load duration', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'rhizome-metrics-'));
  try {
    for (const folder of ['wine/2', 'wine/11', 'broken']) await mkdir(join(dir, folder), { recursive: true });
    for (const version of ['2', '11'])
      await cp(join(import.meta.dirname, '../../onnx/fixtures/wine.onnx'), join(dir, 'wine', version, 'model.onnx'));
    await writeFile(join(dir, 'broken/model.onnx'), 'x');
    const repository = new ModelRepository(dir);
    await repository.load(onnxruntime, { threads: 1 });
    const metrics = new Metrics();
    metrics.setModels(repository.entries);
    const text = (await metrics.scrape()).text;
    for (const line of [
      'rhizome_model_loaded{model="wine",version="2"} 1',
      'rhizome_model_loaded{model="wine",version="11"} 1',
      'rhizome_model_loaded{model="broken",version="1"} 0',
      'rhizome_model_info{model="wine",version="11"} 1',
      'rhizome_model_verified{model="wine",version="11"} 0',
    ])
      expect(text).toContain(line);
    expect(text).toMatch(/rhizome_model_load_duration_seconds\{model="wine",version="2"\} \d+\.\d+/);
    expect(text).not.toContain('rhizome_model_info{model="broken"');
    await repository.release();
  } finally {
    await rm(dir, { recursive: true });
  }
});

test('the number of HTTP requests in progress is 0 before the first one', async () => {
  const text = (await new Metrics().scrape()).text;
  expect(text).toContain('rhizome_requests_in_flight{protocol="http"} 0');
  expect(text).not.toContain('rhizome_requests_in_flight{protocol="grpc"}');
});
