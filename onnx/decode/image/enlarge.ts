import type { ImageInterpolation } from '../../signature/image.ts';

/** Pixels in rows, each of three bytes. */
export interface Pixels {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** The filters of Pillow (src/libImaging/Resample.c), with the distance at which they end. */
const filters: Readonly<Record<ImageInterpolation, readonly [support: number, weight: (x: number) => number]>> = {
  bilinear: [1, (x) => Math.max(0, 1 - Math.abs(x))],
  bicubic: [
    2,
    (signed) => {
      const x = Math.abs(signed);
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
      return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
    },
  ],
  lanczos: [3, (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0)],
};

/**
 * Enlarges an image as Pillow does. libvips places the pixels of an image that it enlarges half a pixel further.
 *
 * @param width at least that of the image, as is the height
 */
export function enlarge(image: Pixels, width: number, height: number, interpolation: ImageInterpolation): Pixels {
  const wide = width === image.width ? image : stretch(image, width, 'width', interpolation);
  return height === wide.height ? wide : stretch(wide, height, 'height', interpolation);
}

function stretch(image: Pixels, size: number, axis: 'width' | 'height', interpolation: ImageInterpolation): Pixels {
  const result = { ...image, [axis]: size };
  const data = new Uint8ClampedArray(result.width * result.height * 3);
  // The bytes between neighbors along the axis, and along the other one.
  const [near, next, others, far] =
    axis === 'width' ? [3, 3, image.height, image.width * 3] : [image.width * 3, result.width * 3, image.width, 3];
  const farTo = axis === 'width' ? size * 3 : 3;
  for (let to = 0; to < size; to++) {
    const { first, weights } = weightsOf(to, size, image[axis], interpolation);
    for (let other = 0; other < others; other++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        let at = first * near + other * far + channel;
        for (const weight of weights) {
          sum += weight * (image.data[at] as number);
          at += near;
        }
        data[to * next + other * farTo + channel] = sum;
      }
    }
  }
  return { ...result, data: new Uint8Array(data.buffer) };
}

/** Returns the weights of the pixels, from the first one on, whose sum is a pixel of the result. */
function weightsOf(
  to: number,
  size: number,
  from: number,
  interpolation: ImageInterpolation,
): { readonly first: number; readonly weights: readonly number[] } {
  const [support, weight] = filters[interpolation];
  const center = ((to + 0.5) * from) / size;
  const first = Math.max(0, Math.floor(center - support + 0.5));
  const end = Math.min(from, Math.floor(center + support + 0.5));
  const weights = Array.from({ length: end - first }, (_, index) => weight(first + index + 0.5 - center));
  const total = weights.reduce((sum, each) => sum + each, 0);
  return { first, weights: weights.map((each) => each / total) };
}
