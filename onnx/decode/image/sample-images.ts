import { seededRandom } from '../../seeded-random.ts';
import type { ImageDecode } from '../../signature/image.ts';
import type { Sharp } from './load-sharp.ts';

/** The blocks of a generated image, in each direction. */
const BLOCKS = 4;

/**
 * Draws images of blocks in similar colors, always the same ones: their files are short enough for `model.json`.
 *
 * @returns PNGs in base64
 */
export function sampleImages(sharp: Sharp, { crop: [height, width] }: ImageDecode, count: number): Promise<string[]> {
  const random = seededRandom(1);
  return Promise.all(
    Array.from({ length: count }, async () => {
      const base = [random(), random(), random()];
      const data = Uint8Array.from({ length: BLOCKS * BLOCKS * 3 }, (_, index) =>
        Math.floor(256 * (0.7 * (base[index % 3] ?? 0) + 0.3 * random())),
      );
      const image = sharp(data, { raw: { width: BLOCKS, height: BLOCKS, channels: 3 } });
      const png = image.resize(width, height, { fit: 'fill', kernel: 'nearest' }).png({ compressionLevel: 9 });
      return (await png.toBuffer()).toString('base64');
    }),
  );
}
