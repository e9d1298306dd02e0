import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onnxruntime } from '../../onnx/engine/onnxruntime.ts';
import { ServiceError } from '../errors.ts';
import { ModelRepository } from './repository.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'rhizome-repository-'));
});
afterEach(() => rm(dir, { recursive: true }));

async function repository(models: Readonly<Record<string, object>>, defaultModel?: string): Promise<ModelRepository> {
  for (const [folder, json] of Object.entries(models)) {
    await mkdir(join(dir, folder), { recursive: true });
    await cp(join(import.meta.dirname, '../../onnx/fixtures/double.onnx'), join(dir, folder, 'model.onnx'));
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
    "model-not-ready: The model 'wine' could not be loaded. GET /readyz says why.",
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
