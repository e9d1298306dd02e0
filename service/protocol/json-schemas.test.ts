import type { Feature } from '../../onnx/signature/features.ts';
import { featureSchema } from './json-schemas.ts';

test('a feature with choices names them, and accepts no others in strict mode', () => {
  const choices = Array.from({ length: 22 }, (_, index) => `city ${String(index)}`);
  const feature: Feature = { name: 'city', dtype: 'string', input: 'city', shape: [], choices };
  expect(featureSchema(feature, true, false)).toMatchObject({ type: 'string', enum: choices });
  const open = featureSchema(feature, false, false);
  expect(open).toMatchObject({
    type: 'string',
    pattern: expect.any(String),
    'x-choices': choices,
    description: expect.stringMatching(/^The model knows city 0, .*, city 19 and 2 more\.$/),
  });
  expect(open).not.toHaveProperty('enum');
});
