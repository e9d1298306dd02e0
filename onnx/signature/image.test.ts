import type { DType } from '../engine/engine.ts';
import { resolveImage, type ImageJson } from './image.ts';
import type { TensorSpec } from './tensor-spec.ts';

const input = (shape: TensorSpec['shape'], dtype: DType = 'float32'): TensorSpec => ({ name: 'photo', dtype, shape });

test('size, layout, colors and scale follow from the shape of the input', () => {
  expect(resolveImage(input([3, 224, 192]), {})).toEqual({
    resize: [224, 192],
    crop: [224, 192],
    centering: 'round',
    fit: 'crop',
    padding: 0,
    interpolation: 'bilinear',
    layout: 'NCHW',
    color: 'RGB',
    scale: 255,
    mean: [0, 0, 0],
    std: [1, 1, 1],
    maxBytes: 8 * 2 ** 20,
    maxPixels: 25e6,
  });
  expect(resolveImage(input([224, 192, 3], 'uint8'), {})).toMatchObject({ layout: 'NHWC', color: 'RGB', scale: 1 });
  expect(resolveImage(input([28, 28]), {})).toMatchObject({ layout: 'NHW', color: 'gray', mean: [0] });
  expect(resolveImage(input([1, 28, 28]), {})).toMatchObject({ layout: 'NCHW', color: 'gray' });
});

test('what the shape leaves open is declared', () => {
  expect(resolveImage(input([3, 'h', 'w']), { resize: [256, 256], crop: [224, 224] })).toMatchObject({
    resize: [256, 256],
    crop: [224, 224],
  });
  for (const fit of ['crop', 'stretch'] as const)
    expect(resolveImage(input([3, 224, 224]), { resize: [256, 256], fit })).toMatchObject({ crop: [224, 224] });
  expect(resolveImage(input([64]), { resize: [8, 8], color: 'gray' })).toMatchObject({ crop: [8, 8], color: 'gray' });
  expect(resolveImage(input(['c', 'h', 'w']), { resize: [8, 8], mean: [0.5], std: [0.2] })).toMatchObject({
    color: 'RGB',
    mean: [0.5, 0.5, 0.5],
    std: [0.2, 0.2, 0.2],
  });
});

test.each<[string, TensorSpec, ImageJson, string]>([
  ['no size', input([3, 'h', 'w']), {}, 'needs "resize": [height, width]'],
  ['another size', input([3, 8, 8]), { crop: [4, 4] }, 'crops to 4 × 4 pixels, but the input has 8 × 8'],
  ['a smaller size', input([3, 8, 8]), { resize: [8, 4] }, 'resizes to 8 × 4 pixels, but the input has 8 × 8'],
  [
    'a larger size that is not cropped',
    input([3, 8, 8]),
    { resize: [9, 9], fit: 'pad' },
    'The fit pad cuts off nothing',
  ],
  ['other channels', input([4, 8, 8]), {}, 'has the color RGB in the layout NCHW, but the input has 4 channels'],
  ['another color', input([1, 8, 8]), { color: 'BGR' }, 'has the color BGR'],
  ['another layout', input([3, 8, 8]), { layout: 'NHW' }, 'has the layout NHW, which has 2 dimensions'],
  ['several images', input([4, 3, 8, 8]), {}, 'needs an input with one image per row'],
  ['another number of values', input([65]), { resize: [8, 8], color: 'gray' }, 'makes 64 values, but the input has 65'],
  ['texts', input([3, 8, 8], 'string'), {}, 'needs an input of float32, float64, float16 or uint8'],
  ['scaled bytes', input([3, 8, 8], 'uint8'), { mean: [0.5] }, 'whole numbers from 0 to 255'],
  ['too few means', input([3, 8, 8]), { mean: [0.5, 0.5] }, 'has 2 numbers in "mean", but 3 channels'],
])('%s is refused', (_, spec, json, message) => {
  expect(() => resolveImage(spec, json)).toThrow(message);
});
