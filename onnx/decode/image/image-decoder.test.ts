import type { CellTensor } from '../../signature/cells.ts';
import { resolveImage, type ImageJson } from '../../signature/image.ts';
import { NoSlotError } from '../../slots.ts';
import type { DecodeOptions } from '../feature-decoder.ts';
import { openImageDecoder } from './image-decoder.ts';
import { loadSharp } from './load-sharp.ts';

async function decode(value: string | Uint8Array, json: ImageJson, options: DecodeOptions = {}): Promise<CellTensor> {
  const input = { name: 'image', dtype: 'uint8', shape: [3, 'h', 'w'] } as const;
  const decoder = await openImageDecoder({ ...input, image: resolveImage(input, json) });
  return decoder.decode(value, options);
}

/** A PNG of noise, or of one color. */
async function png(width: number, height: number, isNoise = false): Promise<Buffer> {
  const sharp = await loadSharp();
  const noise = isNoise && ({ type: 'gaussian', mean: 128, sigma: 40 } as const);
  return sharp({ create: { width, height, channels: 3, background: '#102030', ...(noise && { noise }) } })
    .png()
    .toBuffer();
}

// Enlarged as a whole, they would have 4 to 61 gigabytes.
test.each([
  [350_000, 1],
  [5_000_000, 1],
  [1, 350_000],
])('a narrow image of %d × %d pixels is enlarged only where it is used', async (width, height) => {
  const { shape, data } = await decode(await png(width, height), { resize: [64, 64] });
  expect(shape).toEqual([3, 64, 64]);
  expect([data[0], data[64 * 64], data[2 * 64 * 64]]).toEqual([0x10, 0x20, 0x30]);
});

test.each(['bilinear', 'bicubic', 'lanczos'] as const)(
  'the part that is used of an enlarged image is that of the whole one: %s',
  async (interpolation) => {
    const bytes = await png(17, 11, true);
    const whole = await decode(bytes, { resize: [44, 68], interpolation });
    const part = await decode(bytes, { resize: [44, 68], crop: [20, 30], interpolation });
    const [top, left] = [12, 19];
    const expected: (number | bigint | boolean)[] = [];
    for (let channel = 0; channel < 3; channel++)
      for (let y = 0; y < 20; y++)
        for (let x = 0; x < 30; x++) expected.push(Number(whole.data[(channel * 44 + top + y) * 68 + left + x]));
    expect(Array.from(part.data)).toEqual(expected);
  },
);

test('an image waits for others until its deadline', async () => {
  const bytes = await png(1000, 1000, true);
  const others = Array.from({ length: 4 }, () => decode(bytes, { resize: [64, 64] }));
  const deadline = performance.now();
  await expect(decode(bytes, { resize: [64, 64] }, { deadline })).rejects.toThrow(NoSlotError);
  await expect(Promise.all(others)).resolves.toHaveLength(4);
});

test('base64 may have line breaks, and the start of a data URL', async () => {
  const bytes = await png(64, 64, true);
  const expected = await decode(bytes, { resize: [8, 8] });
  const text = bytes.toString('base64').replaceAll(/.{76}/g, '$&\n');
  for (const value of [text, `${text}\r\n`, `data:image/png;base64,${text}`])
    expect(await decode(value, { resize: [8, 8] })).toEqual(expected);
  await expect(decode(`${text}!`, { resize: [8, 8] })).rejects.toThrow('The text is not base64.');
});

test('a PNG of hundreds of thousands of chunks is refused', async () => {
  const chunks = Buffer.alloc(12 * 500_000);
  for (let at = 4; at < chunks.length; at += 12) chunks.write('teSt', at, 'latin1');
  const image = Buffer.concat([(await png(1, 1)).subarray(0, 33), chunks]);
  await expect(decode(image, { resize: [8, 8] })).rejects.toThrow('The PNG has too many chunks.');
});
