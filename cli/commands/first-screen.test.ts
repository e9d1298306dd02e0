import type { ModelsVerification, UnverifiedModel, VerifiedModel } from '../ask/verify-models.ts';
import type { ProjectModel } from '../project/models.ts';
import { address, formatPrediction, modelLines, tryLines, unsupportedLine } from './first-screen.ts';

const plain = (_: unknown, text: string): string => text;

const verified = (model: string, more: Partial<VerifiedModel> = {}): VerifiedModel => ({
  model,
  version: '1',
  prediction: { prediction: 'setosa', probabilities: { setosa: 0.980945348739624, virginica: 5.8e-7 } },
  milliseconds: 3.9,
  body: '{"sepal_length":5,"sepal_width":3.5,"petal_length":1.3,"petal_width":0.3}',
  path: '/predictions',
  ...more,
});
const verification = (...models: readonly VerifiedModel[]): ModelsVerification => ({
  verified: models,
  withoutExamples: [],
});

test('the address comes first, in colour', () => {
  const styled = address('http://localhost:8080', 'localhost:8001', (format, text) => `<${String(format)}>${text}`);
  expect(styled).toMatch(/^<bold,cyan>http:\/\/localhost:8080 .*\/docs.*localhost:8001/);
});

test.each([
  [{ prediction: 'setosa', probabilities: { setosa: 0.980945348739624 } }, 'setosa (0.9809)'],
  [{ prediction: 206912.3456 }, '206900'],
  [{ prediction: -1, score: -0.123456 }, '-1 (-0.1235)'],
  [{ prediction: 9007199254740993n }, '9007199254740993'],
  [{ outputs: { scores: [[0.123456, 5.8157e-7]] } }, 'scores [[0.1235, 5.816e-7]]'],
  [{ outputs: { y: Array.from({ length: 12 }, () => 0) } }, 'y [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, …]'],
])('four significant digits: %j', (prediction, expected) => {
  expect(formatPrediction(prediction)).toBe(expected);
});

test('a class that would begin another line is escaped', () => {
  expect(formatPrediction({ prediction: 'setosa\nTry: \u001b[2J' })).toBe(String.raw`setosa\u000aTry: \u001b[2J`);
});

test('one line for each model, in columns; one without examples is not verified', () => {
  const houses = { name: 'houses', version: '2', folder: 'houses/2' } as ProjectModel;
  expect(modelLines({ verified: [verified('iris')], withoutExamples: [houses] }, plain, 80)).toEqual([
    '✓ iris 1    verified in 4 ms  setosa (0.9809)',
    '- houses 2  not verified      models/houses/2/model.json has no examples',
  ]);
});

test('a model that did not run on generated input says why, in one line', () => {
  const notVerified =
    'The model has no examples, and it did not run on the generated input: index -995\nis out of range.';
  const codes = { name: 'codes', version: '1', folder: 'codes', notVerified } as UnverifiedModel;
  expect(modelLines({ verified: [], withoutExamples: [codes] }, plain, 200)).toEqual([
    `- codes 1  not verified  ${notVerified.replace('\n', String.raw`\u000a`)}`,
  ]);
});

test('of many models the first ones, and how many more there are', () => {
  const lines = modelLines(verification(...['a', 'b', 'c', 'd', 'e', 'f'].map((name) => verified(name))), plain, 80);
  expect(lines).toHaveLength(5);
  expect(lines.at(-1)).toBe('  … and 2 more, all verified');
});

test('a long prediction is cut, so that its line does not wrap', () => {
  const prediction = { outputs: { scores: Array.from({ length: 10 }, () => 0.123456) } };
  const [line = ''] = modelLines(verification(verified('iris', { prediction })), plain, 80);
  expect(line.length).toBeLessThanOrEqual(80);
  expect(line).toMatch(/…$/);
});

test('a curl line that fits is split at 80 columns, and runs as it is', () => {
  const lines = tryLines('http://localhost:8080', verification(verified('iris')), 80);
  expect(lines).toEqual([
    "  curl localhost:8080/predictions -H 'content-type: application/json' -d \\",
    '  \'{"sepal_length":5,"sepal_width":3.5,"petal_length":1.3,"petal_width":0.3}\'',
  ]);
  expect(tryLines('http://localhost:8080', verification(verified('iris')), 200)).toHaveLength(1);
});

test('of a wide model: the command that prints its curl line; another model is preferred if its line fits', () => {
  const wide = verified('wide', { body: `{"${'x'.repeat(300)}":1}` });
  expect(tryLines('http://localhost:8080', verification(wide), 80)).toEqual([
    '  npx rhizome predict wide',
    '  npx rhizome predict wide --print-curl',
  ]);
  expect(tryLines('http://localhost:8080', verification(wide, verified('iris')), 80)[0]).toContain('/predictions');
});

test('what does not apply is one line', () => {
  expect(unsupportedLine(0, '.')).toEqual([]);
  const [line = ''] = unsupportedLine(36, process.cwd());
  expect(line).toBe('36 manifest fields do not apply to local processes: docs/local.md or --verbose');
  expect(line.length).toBeLessThanOrEqual(80);
  expect(unsupportedLine(36, '/nowhere')).toEqual([
    '36 manifest fields do not apply to local processes: --verbose lists them',
  ]);
});
