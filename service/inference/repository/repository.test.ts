import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnxruntime } from '../../../onnx/engine/onnxruntime.ts';
import { processEngine } from '../../../onnx/engine/process/process-engine.ts';
import { ifs, nested, wide } from '../../../onnx/fixtures/hostile.ts';
import { ServiceError } from '../../errors.ts';
import { ModelRepository } from './repository.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rhizome-repository-'));
});
afterEach(() => rm(dir, { recursive: true }));

async function repository(models: Readonly<Record<string, object>>, defaultModel?: string): Promise<ModelRepository> {
  for (const [folder, json] of Object.entries(models)) {
    await mkdir(join(dir, folder), { recursive: true });
    await cp(join(import.meta.dirname, '../../../onnx/fixtures/double.onnx'), join(dir, folder, 'model.onnx'));
    await writeFile(join(dir, folder, 'model.json'), JSON.stringify(json));
  }
  const made = new ModelRepository(dir, defaultModel);
  await made.load(onnxruntime, { threads: 1 });
  return made;
}

const problem = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    if (error instanceof ServiceError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'none';
};

test('the highest version is the default, and every version is addressable', async () => {
  const { get, versions } = bound(await repository({ 'wine/2': {}, 'wine/11': {}, 'wine/9': { version: 'nine' } }));
  expect(versions('wine').map(({ version }) => version)).toEqual(['2', '9', '11']);
  expect(get('wine').model.signature.version).toBe('11');
  expect(get('wine', '2').model.signature.version).toBe('2');
  expect(problem(() => get('wine', '3'))).toBe(
    "model-not-found: The model 'wine' has no version '3'. Its versions are 2, 9, 11.",
  );
  expect(problem(() => get('beer'))).toBe("model-not-found: There is no model 'beer'. Available models: wine.");
});

test('the default model is the only one, or DEFAULT_MODEL, or none', async () => {
  expect((await repository({ 'wine/1': {}, 'wine/2': {} })).default().model.signature).toMatchObject({
    name: 'wine',
    version: '2',
  });
  const two = await repository({ iris: {} });
  expect(problem(() => two.default())).toContain(
    'model-not-found: There are several models and no default. Name one in the path, or set DEFAULT_MODEL. ' +
      'Available models: iris, wine.',
  );
  expect((await repository({}, 'iris')).default().model.signature.name).toBe('iris');
});

test('a DEFAULT_MODEL that does not exist prevents readiness', async () => {
  const [state] = await (await repository({ iris: {} }, 'rose')).checks();
  expect(state).toMatchObject({ ok: false, final: true, detail: expect.stringContaining("DEFAULT_MODEL is 'rose'") });
});

test('of two models with the same name and version the second fails, and both folders are named', async () => {
  const [, first, second] = await (await repository({ a: { name: 'm' }, b: { name: 'm' } })).checks();
  expect(first).toMatchObject({
    name: 'model/a',
    ok: true,
    detail: 'The model has no examples; it ran on a generated input.',
  });
  expect(second).toMatchObject({
    name: 'model/b',
    ok: false,
    detail: expect.stringContaining('The model in a is also called'),
  });
});

test('if the highest version fails, an older one does not silently replace it', async () => {
  const made = await repository({ 'wine/1': {}, 'wine/2': { task: 'regressor' } });
  expect(problem(() => made.get('wine'))).toBe(
    "model-not-ready: The model 'wine' could not be loaded. GET /models says why.",
  );
  expect(made.get('wine', '1').model.signature.version).toBe('1');
  expect((await made.checks()).map(({ name, ok }) => [name, ok])).toEqual([
    ['repository', true],
    ['model/wine/1', true],
    ['model/wine/2', false],
  ]);
});

function bound(made: ModelRepository) {
  return { get: made.get.bind(made), versions: made.versions.bind(made) };
}

const fixtures = join(import.meta.dirname, '../../../onnx/fixtures');

test('models that do harm do not keep others from being served, and say what is wrong', async () => {
  const put = async (name: string, bytes: Uint8Array): Promise<void> => {
    await mkdir(join(dir, name));
    await writeFile(join(dir, name, 'model.onnx'), bytes);
  };
  await put('columns', wide(20_000_000));
  await put('more-columns', wide(2_000_000_000));
  await put('branches', ifs(30));
  await put('nested', nested(1000));
  await mkdir(join(dir, 'fifo'));
  execFileSync('mkfifo', [join(dir, 'fifo/model.onnx')]);
  await mkdir(join(dir, 'fifo-json'));
  await cp(join(fixtures, 'double.onnx'), join(dir, 'fifo-json/model.onnx'));
  execFileSync('mkfifo', [join(dir, 'fifo-json/model.json')]);
  const made = await repository({ good: {} });
  await expect(made.get('good').model.predict([[1, 2]])).resolves.toHaveLength(1);
  const checks = new Map((await made.checks()).map(({ name, ok, detail }) => [name, { ok, detail }]));
  expect(checks.get('model/good')).toMatchObject({ ok: true });
  expect(checks.get('model/branches')).toMatchObject({ ok: true });
  expect(checks.get('model/columns')).toEqual({
    ok: true,
    detail: 'Not verified. The model has no examples, and its inputs are too large to generate any.',
  });
  for (const [name, detail] of [
    ['more-columns', 'has 2000000000 elements per row, but at most 67108864 are supported'],
    ['nested', 'nested more than 100 deep'],
    ['fifo', 'it is a FIFO, expected a regular file'],
    ['fifo-json', 'it is a FIFO, expected a regular file'],
  ])
    expect(checks.get(`model/${name ?? ''}`)).toMatchObject({
      ok: false,
      detail: expect.stringContaining(detail ?? ''),
    });
  await made.release();
});

test('a model that may not end runs in a process, whatever its model.json says', async () => {
  await mkdir(join(dir, 'endless'));
  await cp(join(fixtures, 'slow/endless.onnx'), join(dir, 'endless/model.onnx'));
  await writeFile(join(dir, 'endless/model.json'), JSON.stringify({ serving: { placement: 'event-loop' } }));
  const made = new ModelRepository(dir);
  await made.load(onnxruntime, { threads: 1, processEngine, placement: 'event-loop' });
  expect(made.get('endless').session.placement).toBe('process');
  await made.release();
});
