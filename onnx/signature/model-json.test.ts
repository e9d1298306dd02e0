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

test('a missing file counts as an empty one', async () => {
  await expect(readModelJson('/nonexistent/model.json')).resolves.toEqual({});
});

test('names of classes may be repeated, as in the usual list of ImageNet', () => {
  const classes = ['crane', 'maillot', 'crane'];
  expect(parseModelJson(JSON.stringify({ classes }), 'model.json')).toEqual({ classes });
});

test('the error names every problem', () => {
  const parse = () => parseModelJson('{"feature": [], "classes": ["one"], "version": 1}', 'model.json');
  expect(parse).toThrow(ModelJsonError);
  expect(parse).toThrow(
    /additional properties: feature .*\/version must be string.*\/classes must NOT have fewer than 2 items/,
  );
});

test('the error for text that is not JSON names the path', () => {
  expect(() => parseModelJson('{', 'models/a/model.json')).toThrow(/^models\/a\/model\.json is not JSON/);
});

test('the error for a misspelt key suggests the right one, at every depth', () => {
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
