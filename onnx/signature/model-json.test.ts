import { join } from 'node:path';
import { ModelJsonError, parseModelJson, readModelJson } from './model-json.ts';

test('reads the iris model, whose examples and accuracy are what its training wrote', async () => {
  const json = await readModelJson(join(import.meta.dirname, '../../models/iris/model.json'));
  expect(json.features?.map(({ name }) => name)).toEqual([
    'sepal_length',
    'sepal_width',
    'petal_length',
    'petal_width',
  ]);
  expect(json.examples?.length).toBeGreaterThanOrEqual(2);
  expect(json.metrics?.['accuracy']?.value).toBeGreaterThanOrEqual(0.95);
});

test('a missing file is an empty one', async () => {
  await expect(readModelJson('/nonexistent/model.json')).resolves.toEqual({});
});

test('every problem is named at once', () => {
  const parse = () => parseModelJson('{"feature": [], "classes": ["one"], "version": 1}', 'model.json');
  expect(parse).toThrow(ModelJsonError);
  expect(parse).toThrow(
    /additional properties: feature .*\/version must be string.*\/classes must NOT have fewer than 2 items/,
  );
});

test('text that is no JSON is named with its path', () => {
  expect(() => parseModelJson('{', 'models/a/model.json')).toThrow(/^models\/a\/model\.json is not JSON/);
});

test('a misspelt key is an error that suggests the right one, at every depth', () => {
  expect(() => parseModelJson('{"feature": [{"name": "a"}]}', 'model.json')).toThrow(
    'feature (did you mean "features"?)',
  );
  expect(() => parseModelJson('{"features": [{"name": "a", "unti": "cm"}]}', 'model.json')).toThrow(
    '/features/0 must NOT have additional properties: unti (did you mean "unit"?)',
  );
  expect(() => parseModelJson('{"zzz": 1}', 'model.json')).toThrow(/additional properties: zzz$/);
  expect(() => parseModelJson('{"task": "regression"}', 'model.json')).toThrow(
    'classifier, regressor, anomaly-detector, tensors',
  );
});
