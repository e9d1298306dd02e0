import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { resolveImage, type ImageJson } from '../../signature/image.ts';
import { openImageDecoder } from './image-decoder.ts';

const folder = join(import.meta.dirname, 'fixtures/libraries');
const read = (name: string): Buffer => readFileSync(join(folder, name));

interface Cases {
  /** Every so many numbers of a tensor are expected ones. */
  readonly step: number;
  readonly pictures: readonly string[];
  readonly cases: readonly { readonly library: string; readonly image: ImageJson }[];
}
const { step, pictures, cases } = JSON.parse(read('cases.json').toString()) as Cases;
const expected = new Float32Array(new Uint8Array(read('expected.bin')).buffer);
const perPicture = Math.ceil((3 * 224 * 224) / step);

// Of 255. docs/images.md states them.
const MOST_MEAN = 0.6;
const MOST = 16;

test('there is what each library makes of each picture', () => {
  expect(pictures.length).toBeGreaterThanOrEqual(20);
  expect(expected).toHaveLength(cases.length * pictures.length * perPicture);
});

test.each(cases.map(({ library, image }, index) => [library, image, index] as const))(
  '%s makes the same tensors',
  async (_, image, index) => {
    const input = { name: 'image', dtype: 'float32', shape: [3, 224, 224] } as const;
    const resolved = resolveImage(input, image);
    const decoder = await openImageDecoder({ ...input, image: resolved });
    // What a pixel that is brighter by 1 adds to a channel of the tensor.
    const units = resolved.std.map((std) => 1 / (resolved.scale * std));
    const different = [];
    let start = index * pictures.length * perPicture;
    for (const picture of pictures) {
      const { data } = await decoder.decode(read(picture), {});
      let [sum, max] = [0, 0];
      for (let at = 0; at < perPicture; at++) {
        const unit = units[Math.floor((at * step) / (224 * 224))] ?? NaN;
        const difference = Math.abs(Number(data[at * step]) - (expected[start + at] ?? NaN)) / unit;
        sum += difference;
        max = Math.max(max, difference);
      }
      const mean = sum / perPicture;
      if (!(mean < MOST_MEAN && max <= MOST)) different.push({ picture, mean, max });
      start += perPicture;
    }
    expect(different).toEqual([]);
  },
);
