import { isLarge } from './large-image.ts';
import { loadSharp } from './load-sharp.ts';

test.each([
  ['a photo', 3, 'jpeg', {}, false],
  ['a progressive JPEG', 3, 'jpeg', { progressive: true }, true],
  ['a PNG', 3, 'png', {}, false],
  ['a PNG with transparency', 4, 'png', {}, true],
  ['an interlaced PNG', 3, 'png', { progressive: true }, true],
  ['a WebP', 3, 'webp', { effort: 0 }, true],
] as const)('%s of more than 4 million pixels: decoded one at a time?', async (_, channels, format, options, is) => {
  const sharp = await loadSharp();
  const make = async (size: number): Promise<boolean> => {
    const background = { r: 1, g: 2, b: 3, alpha: 0.5 };
    const image = sharp({ create: { width: size, height: size, channels, background } });
    return isLarge(await sharp(await image.toFormat(format, options).toBuffer()).metadata());
  };
  expect([await make(100), await make(2001)]).toEqual([false, is]);
});
