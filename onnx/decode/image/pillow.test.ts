import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolveImage, type ImageJson } from '../../signature/image.ts';
import { openImageDecoder } from './image-decoder.ts';

const fixtures = join(import.meta.dirname, 'fixtures');
const read = (name: string): Buffer => readFileSync(join(fixtures, name));

interface Case {
  readonly file: string;
  readonly image: ImageJson;
}
const cases = JSON.parse(read('cases.json').toString()) as Case[];
const expected = read('expected.bin');

/** Decodes a picture, and compares its pixels with those of Pillow. */
async function differences({ file, image: json }: Case, start: number): Promise<{ mean: number; max: number }> {
  const channels = json.color === 'gray' ? 1 : 3;
  const dynamic = json.layout === 'NHWC' ? ['h', 'w', channels] : [channels, 'h', 'w'];
  const input = { name: file, dtype: 'uint8', shape: dynamic } as const;
  const decoder = await openImageDecoder({ ...input, image: resolveImage(input, json) });
  const { shape, data } = await decoder.decode(read(file), {});
  expect(data).toHaveLength(shape.reduce((product, size) => product * size, 1));
  let [sum, max] = [0, 0];
  for (let index = 0; index < data.length; index++) {
    const difference = Math.abs(Number(data[index]) - (expected[start + index] ?? NaN));
    sum += difference;
    max = Math.max(max, difference);
  }
  return { mean: sum / data.length, max };
}

const sizes = cases.map(({ image: { crop, resize = [0, 0], color } }) => {
  const [height, width] = crop ?? resize;
  return height * width * (color === 'gray' ? 1 : 3);
});

test('the expected pixels are those of the cases', () => {
  expect(expected).toHaveLength(sizes.reduce((sum, size) => sum + size, 0));
});

// Of 255. docs/images.md states them.
const MOST_MEAN = 0.6;
const MOST = 16;

test.each(cases.map((each, index) => [`${each.file} ${JSON.stringify(each.image)}`, each, index] as const))(
  'Pillow makes the same of %s',
  async (_, each, index) => {
    const start = sizes.slice(0, index).reduce((sum, size) => sum + size, 0);
    const { mean, max } = await differences(each, start);
    expect(mean).toBeLessThan(MOST_MEAN);
    expect(max).toBeLessThanOrEqual(MOST);
  },
);
