import type { Sharp as Pipeline } from 'sharp';
import type { DType } from '../../engine/engine.ts';
import { freeMemory } from '../../engine/free-memory.ts';
import type { CellTensor } from '../../signature/cells.ts';
import type { ImageDecode, ImageInterpolation } from '../../signature/image.ts';
import { Slots } from '../../slots.ts';
import { DecodeError } from '../decode-error.ts';
import type { DecodeOptions, FeatureDecoder } from '../feature-decoder.ts';
import { Backlog } from './backlog.ts';
import { bytesOf } from './base64.ts';
import { damagedImage } from './damaged-image.ts';
import { enlarge, sourceOf, type Pixels, type UsedAxis } from './enlarge.ts';
import { checkImageFormat } from './image-format.ts';
import { isLarge, type ImageHeader } from './large-image.ts';
import { loadSharp, type Sharp } from './load-sharp.ts';
import { PixelTensors } from './pixel-tensor.ts';
import { placeImage, type ImagePlacement } from './placement.ts';
import { sampleImages } from './sample-images.ts';

/** What the decoder needs to know about a feature. */
export interface ImageFeature {
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
  readonly image: ImageDecode;
}

/** How many images are decoded at once, in the process: each takes a thread of libuv's four. */
const CONCURRENT_DECODES = 2;
const slots = new Slots(CONCURRENT_DECODES);
const backlog = new Backlog(CONCURRENT_DECODES);
/** Those that take much memory: up to 280 MB for a WebP of 25 million pixels with transparency. */
const largeOnes = new Slots(1);

/** A progressive JPEG of a few kilobytes may have thousands of scans, each of which takes as long as an image. */
const MOST_SECONDS = 5;

/** libvips' names. `linear` covers all pixels of an image that is made smaller, as Pillow's bilinear does. */
const kernels = { bilinear: 'linear', bicubic: 'cubic', lanczos: 'lanczos3' } as const satisfies Record<
  ImageInterpolation,
  string
>;

/** Without regard to proportions, and from all of the pixels. */
const exact = { fit: 'fill', fastShrinkOnLoad: false } as const;

/**
 * Returns the size to which an image is resized first. libvips shrinks an image by whole numbers if it becomes more
 * than four times smaller, which blurs it more than Pillow's filter does. A bicubic filter before that blurs nothing.
 */
const roughSize = (from: number, to: number): number => (from >= 4 * to ? 3 * to : from);

/** Opens what decodes the images of a feature. @throws {SignatureError} if sharp is not installed */
export async function openImageDecoder(feature: ImageFeature): Promise<FeatureDecoder> {
  return new ImageDecoder(await loadSharp(), feature);
}

class ImageDecoder implements FeatureDecoder {
  readonly #sharp: Sharp;
  readonly #image: ImageDecode;
  readonly #tensors: PixelTensors;
  readonly #shape: readonly number[];

  constructor(sharp: Sharp, { dtype, shape, image }: ImageFeature) {
    this.#sharp = sharp;
    this.#image = image;
    this.#tensors = new PixelTensors(dtype, image);
    const [height, width] = image.crop;
    const channels = image.color === 'gray' ? 1 : 3;
    const shapes = { NCHW: [channels, height, width], NHWC: [height, width, channels], NHW: [height, width] };
    this.#shape = shape.length === 1 ? [height * width * channels] : shapes[image.layout];
  }

  async decode(value: string | Uint8Array, { before, deadline }: DecodeOptions): Promise<CellTensor> {
    const bytes = bytesOf(value);
    const { maxBytes } = this.#image;
    if (bytes.length > maxBytes)
      throw new DecodeError(`The image has ${bytes.length} bytes.`, `at most ${maxBytes} bytes`);
    checkImageFormat(bytes);
    let worked = 0;
    const inTurn = <T>(work: () => Promise<T>): Promise<T> =>
      slots.use(async () => {
        before?.();
        const started = performance.now();
        try {
          return await work();
        } catch (cause) {
          throw cause instanceof DecodeError ? cause : damagedImage(cause);
        } finally {
          worked += performance.now() - started;
        }
      }, deadline);
    backlog.enter();
    try {
      const [header, tensor] = await inTurn(async () => {
        const read = await this.#header(bytes);
        return [read, isLarge(read) ? undefined : await this.#decode(bytes, read)] as const;
      });
      return tensor ?? (await largeOnes.use(() => inTurn(() => this.#decode(bytes, header)), deadline));
    } catch (error) {
      if (!(error instanceof DecodeError)) worked = 0;
      throw error;
    } finally {
      backlog.leave(worked);
    }
  }

  get waitMs(): number {
    return backlog.waitMs;
  }

  samples(count: number): Promise<string[]> {
    return sampleImages(this.#sharp, this.#image, count);
  }

  async #decode(bytes: Uint8Array, { width, height, hasAlpha }: ImageHeader): Promise<CellTensor> {
    const { interpolation, crop } = this.#image;
    const placement = placeImage([height, width], this.#image);
    const [toHeight, toWidth] = placement.resized;
    // libvips makes images smaller, outside of the event loop. Few images have to be enlarged.
    const rough = { width: roughSize(width, toWidth), height: roughSize(height, toHeight) };
    const used = usedOf({ width, height }, placement, crop);
    const source = { width: sourceOf(used.width, interpolation), height: sourceOf(used.height, interpolation) };
    let pipeline = this.#open(bytes);
    // Drops transparency as Pillow does: the colors below remain. Otherwise they would be mixed while resizing.
    const opaque = hasAlpha === true ? await pixelsOf(pipeline) : undefined;
    if (opaque !== undefined) pipeline = this.#reopen(opaque);
    if (rough.width < width || rough.height < height)
      pipeline = this.#reopen(await pixelsOf(pipeline.resize({ ...rough, ...exact, kernel: 'cubic' })));
    const smaller = { width: used.width.from, height: used.height.from };
    const pixels = await pixelsOf(
      pipeline.resize({ ...smaller, ...exact, kernel: kernels[interpolation] }).extract({
        left: source.width.start,
        top: source.height.start,
        width: source.width.length,
        height: source.height.length,
      }),
    );
    // The next large image may need the memory before the garbage collector runs.
    if (opaque !== undefined) freeMemory(opaque.data);
    return this.#tensors.make(enlarge(pixels, used, interpolation), placement, this.#shape);
  }

  /** Reads the header of an image. The size is that of the image as it is shown. */
  async #header(bytes: Uint8Array): Promise<ImageHeader> {
    const metadata = await this.#sharp(bytes, { limitInputPixels: false }).metadata();
    const { width, height } = metadata.autoOrient;
    const { maxPixels } = this.#image;
    if (width * height > maxPixels)
      throw new DecodeError(`The image has ${width} × ${height} pixels.`, `at most ${maxPixels} pixels`);
    if (metadata.space === 'cmyk')
      throw new DecodeError('The colors of the image are CMYK.', 'an image in RGB or gray');
    return { ...metadata, width, height };
  }

  #open(bytes: Uint8Array): Pipeline {
    // Color profiles are ignored, as by Pillow, and so by what the model was trained with.
    return this.#sharp(bytes, { limitInputPixels: this.#image.maxPixels, failOn: 'error', ignoreIcc: true })
      .timeout({ seconds: MOST_SECONDS })
      .autoOrient();
  }

  #reopen({ data, width, height }: Pixels): Pipeline {
    return this.#sharp(data, { raw: { width, height, channels: 3 } });
  }
}

async function pixelsOf(pipeline: Pipeline): Promise<Pixels> {
  const { data, info } = await pipeline.toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height };
}

/** Returns the part of a resized image that is used; what becomes smaller has become so before it is enlarged. */
function usedOf(
  { width, height }: { readonly width: number; readonly height: number },
  { resized: [toHeight, toWidth], from: [top, left] }: ImagePlacement,
  crop: readonly [number, number],
): { readonly width: UsedAxis; readonly height: UsedAxis } {
  return {
    width: { from: Math.min(width, toWidth), to: toWidth, start: left, length: Math.min(crop[1], toWidth) },
    height: { from: Math.min(height, toHeight), to: toHeight, start: top, length: Math.min(crop[0], toHeight) },
  };
}
