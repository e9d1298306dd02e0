import { predictionService } from '../../infra/fixtures/manifests.ts';
import { checkModelName, nameFrom } from './model-name.ts';

test.each([
  ['wine.onnx', '/home/me/shop', 'wine'],
  ['../out/Wine Quality_v2.ONNX', '/home/me/shop', 'wine-quality-v2'],
  ['model.onnx', '/home/me/My Shop', 'my-shop'],
  [undefined, '/home/me/shop', 'shop'],
])('%s in %s gets the name %s', (file, folder, name) => {
  expect(nameFrom(file, folder)).toBe(name);
});

test('the longest model name still fits into the names of the Services', () => {
  const name = checkModelName('a'.repeat(47));
  expect(predictionService({ name: `${name}-server` }).map(({ metadata }) => metadata.name)).toContain(
    `${name}-server-headless`,
  );
});

test.each(['', '1st', 'a'.repeat(48), 'UPPER', 'a_b', '-a', 'a-'])('%j is not a valid name', (name) => {
  expect(() => checkModelName(name)).toThrow('is not a valid model name');
});

test.each([
  ['cat_cls', '--name cat-cls'],
  ['UPPER Case', '--name upper-case'],
  ['3d', '--name model-3d'],
  [`${'a'.repeat(46)}-b`, `--name ${'a'.repeat(46)}`],
  ['模型', '--name NAME'],
])('%s: the error proposes %s', (name, proposal) => {
  expect(() => checkModelName(name)).toThrow(
    expect.objectContaining({ hint: expect.stringMatching(new RegExp(`${proposal}\\.?$`)) }),
  );
});
