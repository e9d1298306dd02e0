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

/** The part of an axis of an enlarged image that is used. */
export interface UsedAxis {
  /** The pixels before enlarging. */
  readonly from: number;
  /** The pixels of the whole enlarged image: at least `from`. */
  readonly to: number;
  /** The first pixel that is used, of the enlarged ones. */
  readonly start: number;
  readonly length: number;
}

/** A range of pixels. */
interface Span {
  readonly start: number;
  readonly length: number;
}

/** Returns the pixels before enlarging that the used ones are made of. */
export function sourceOf(axis: UsedAxis, interpolation: ImageInterpolation): Span {
  const { from, to, start, length } = axis;
  if (from === to) return { start, length };
  const first = sourceOfPixel(start, axis, interpolation).start;
  const last = sourceOfPixel(start + length - 1, axis, interpolation);
  return { start: first, length: last.start + last.length - first };
}

/**
 * Makes the used part of an enlarged image, as Pillow does. libvips places the pixels of an image that it enlarges half
 * a pixel further. The whole enlarged image is never made: a narrow one of a few bytes may become gigabytes.
 *
 * @param source the pixels that `sourceOf` returns, in both directions
 */
export function enlarge(
  source: Pixels,
  { width, height }: { readonly width: UsedAxis; readonly height: UsedAxis },
  interpolation: ImageInterpolation,
): Pixels {
  const wide = width.from === width.to ? source : stretch(source, width, 'width', interpolation);
  return height.from === height.to ? wide : stretch(wide, height, 'height', interpolation);
}

function stretch(
  image: Pixels,
  axis: UsedAxis,
  direction: 'width' | 'height',
  interpolation: ImageInterpolation,
): Pixels {
  const size = axis.length;
  const result = { ...image, [direction]: size };
  const data = new Uint8ClampedArray(result.width * result.height * 3);
  const source = image.data;
  const offset = sourceOf(axis, interpolation).start;
  // The bytes between neighbors along the axis, and along the other one.
  const [near, next, others, far] =
    direction === 'width' ? [3, 3, image.height, image.width * 3] : [image.width * 3, result.width * 3, image.width, 3];
  const farTo = direction === 'width' ? size * 3 : 3;
  for (let to = 0; to < size; to++) {
    const { start, weights } = weightsOf(axis.start + to, axis, interpolation);
    for (let other = 0; other < others; other++) {
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        let at = (start - offset) * near + other * far + channel;
        // With an iterator, an image would take four times as long.
        for (let index = 0; index < weights.length; index++) {
          sum += (weights[index] as number) * (source[at] as number);
          at += near;
        }
        data[to * next + other * farTo + channel] = sum;
      }
    }
  }
  return { ...result, data: new Uint8Array(data.buffer) };
}

const centerOf = (pixel: number, { from, to }: UsedAxis): number => ((pixel + 0.5) * from) / to;

/** Returns the pixels whose weighted sum is a pixel of the enlarged image. */
function sourceOfPixel(pixel: number, axis: UsedAxis, interpolation: ImageInterpolation): Span {
  const [support] = filters[interpolation];
  const center = centerOf(pixel, axis);
  const start = Math.max(0, Math.floor(center - support + 0.5));
  return { start, length: Math.min(axis.from, Math.floor(center + support + 0.5)) - start };
}

/** Returns the weights of those pixels. */
function weightsOf(
  pixel: number,
  axis: UsedAxis,
  interpolation: ImageInterpolation,
): { readonly start: number; readonly weights: readonly number[] } {
  const [, weight] = filters[interpolation];
  const center = centerOf(pixel, axis);
  const { start, length } = sourceOfPixel(pixel, axis, interpolation);
  const weights = Array.from({ length }, (_, index) => weight(start + index + 0.5 - center));
  const total = weights.reduce((sum, each) => sum + each, 0);
  return { start, weights: weights.map((each) => each / total) };
}
