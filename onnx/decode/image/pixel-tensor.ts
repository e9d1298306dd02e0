import type { DType, TensorData } from '../../engine/engine.ts';
import type { CellTensor } from '../../signature/cells.ts';
import { allocate } from '../../signature/dtypes.ts';
import type { ImageColor, ImageDecode } from '../../signature/image.ts';
import type { Pixels } from './enlarge.ts';
import type { ImagePlacement } from './placement.ts';

/** The channels of a tensor in those of a pixel. */
const channels: Readonly<Record<ImageColor, readonly number[]>> = { RGB: [0, 1, 2], BGR: [2, 1, 0], gray: [0] };

/** Makes tensors of pixels. */
export class PixelTensors {
  readonly #dtype: DType;
  readonly #image: ImageDecode;
  /** The value of a tensor for each of the 256 of a byte, by channel. */
  readonly #values: readonly TensorData[];

  constructor(dtype: DType, image: ImageDecode) {
    this.#dtype = dtype;
    this.#image = image;
    this.#values = channels[image.color].map((_, channel) => {
      const values = allocate(dtype, 256) as Float64Array;
      const [mean = 0, std = 1] = [image.mean[channel], image.std[channel]];
      for (let byte = 0; byte < 256; byte++) values[byte] = (byte / image.scale - mean) / std;
      return values;
    });
  }

  /**
   * @param pixels the part of the resized image that is used
   * @param shape of the tensor
   */
  make(pixels: Pixels, { to: [top, left] }: ImagePlacement, shape: readonly number[]): CellTensor {
    const { color, crop, layout, padding } = this.#image;
    const [height, width] = crop;
    const data = allocate(this.#dtype, height * width * this.#values.length) as Float64Array;
    // The distances of neighbors in the tensor.
    const [next, plane] = layout === 'NHWC' ? [this.#values.length, 1] : [1, height * width];
    const bytes = color === 'gray' ? luminance(pixels.data) : pixels.data;
    const step = color === 'gray' ? 1 : 3;
    const isWhole = pixels.height === height && pixels.width === width;
    for (const [channel, source] of channels[color].entries()) {
      const values = this.#values[channel] as Float64Array;
      if (!isWhole)
        for (let at = 0; at < height * width; at++) data[channel * plane + at * next] = values[padding] as number;
      for (let y = 0; y < pixels.height; y++) {
        let from = y * pixels.width * step + source;
        let at = channel * plane + ((top + y) * width + left) * next;
        for (let x = 0; x < pixels.width; x++) {
          data[at] = values[bytes[from] as number] as number;
          from += step;
          at += next;
        }
      }
    }
    return { shape, data };
  }
}

/** Returns the brightness of pixels, with the weights of Pillow, which are those of ITU-R 601. */
function luminance(rgb: Uint8Array): Uint8Array {
  const gray = new Uint8Array(rgb.length / 3);
  for (let index = 0, at = 0; index < gray.length; index++, at += 3)
    gray[index] =
      ((rgb[at] as number) * 19595 + (rgb[at + 1] as number) * 38470 + (rgb[at + 2] as number) * 7471 + 0x8000) >> 16;
  return gray;
}
