import { describeTensor, SignatureError, type TensorSpec } from './tensor-spec.ts';

/** How an image is made to have the size of the input. */
export type ImageFit = 'crop' | 'stretch' | 'pad';
/** The order of the dimensions; `NHW` has no channels. */
export type ImageLayout = 'NCHW' | 'NHWC' | 'NHW';
export type ImageColor = 'RGB' | 'BGR' | 'gray';
export type ImageInterpolation = 'bilinear' | 'bicubic' | 'lanczos';
/** How the offset of the center is rounded if it is not a whole number. */
export type ImageCentering = 'round' | 'floor';

/** Height and width in pixels. */
export type Size = readonly [number, number];

/** How an image becomes a tensor, in `model.json`. */
export interface ImageJson {
  /** Height and width to which the image is resized. @default those of the input */
  readonly resize?: Size;
  /** Height and width of the center that is used, after resizing with the fit `crop` or `stretch`. @default `resize` */
  readonly crop?: Size;
  /**
   * Where the center starts if that is between two pixels, both for `crop` and the fit `pad`.
   *
   * - `round`: at an even number, as in torchvision and Pillow
   * - `floor`: at the lower number, as in Hugging Face's processors
   *
   * @default round
   */
  readonly centering?: ImageCentering;
  /**
   * - `crop`: fills the size, and cuts off what is beyond
   * - `stretch`: fills the size, without regard to proportions
   * - `pad`: fits into the size, with `padding` around it
   *
   * @default crop
   */
  readonly fit?: ImageFit;
  /** The value of the pixels around an image with the fit `pad`, from 0 to 255. @default 0 */
  readonly padding?: number;
  /** @default bilinear */
  readonly interpolation?: ImageInterpolation;
  /** @default that of the input's shape */
  readonly layout?: ImageLayout;
  /** @default RGB, or gray for one channel */
  readonly color?: ImageColor;
  /** Divides the pixels, which are from 0 to 255. @default 255 for floats, 1 for integers */
  readonly scale?: number;
  /** Subtracted from each channel, in the order of `color`, after scaling. @default 0 */
  readonly mean?: readonly number[];
  /** Divides each channel after that. @default 1 */
  readonly std?: readonly number[];
  /** The most bytes of an image file. @default 8 MiB */
  readonly maxBytes?: number;
  /** The most pixels of an image. @default 25 million */
  readonly maxPixels?: number;
}

/** How an image becomes a tensor. `crop` is the size of the tensor. */
export interface ImageDecode extends Required<ImageJson> {
  /** One number for each channel. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** What phones and cameras send as JPEG. */
const MOST_BYTES = 8 * 2 ** 20;
/** What phones take. A WebP of this size takes up to 280 MB while it is decoded. */
const MOST_PIXELS = 25e6;

/**
 * Completes how an image becomes a tensor with what the input's shape shows.
 *
 * @param input the name, and the dtype and shape of one row
 * @throws {SignatureError} if the declaration does not fit the input
 */
export function resolveImage(input: TensorSpec, json: ImageJson): ImageDecode {
  const { shape, dtype } = input;
  const layout = json.layout ?? layoutOf(input);
  const refuse = (why: string): never => {
    throw new SignatureError(`"decode.image" of the feature ${describeTensor(input)} in model.json ${why}`);
  };
  if (!['float32', 'float64', 'float16', 'uint8'].includes(dtype))
    refuse(`needs an input of float32, float64, float16 or uint8. Leave "decode" out.`);
  if (shape.length > 3)
    refuse(`needs an input with one image per row. Export the model with a batch of 1, or a dynamic one.`);
  const [channelsAt, heightAt, widthAt] = axes[layout];
  const declared = (axis: number | undefined): number | undefined => {
    const size = axis === undefined || shape.length === 1 ? undefined : shape[axis];
    return typeof size === 'number' ? size : undefined;
  };
  const channels = declared(channelsAt) ?? (layout === 'NHW' || json.color === 'gray' ? 1 : 3);
  const color = json.color ?? (channels === 1 ? 'gray' : 'RGB');
  if (channels !== (color === 'gray' ? 1 : 3))
    refuse(`has the color ${color} in the layout ${layout}, but the input has ${channels} channels.`);
  if (shape.length > 1 && shape.length !== layout.length - 1)
    refuse(`has the layout ${layout}, which has ${layout.length - 1} dimensions for a row.`);

  const [height, width] = [declared(heightAt), declared(widthAt)];
  const graph: Size | undefined = height !== undefined && width !== undefined ? [height, width] : undefined;
  const crop = graph ?? json.crop ?? json.resize;
  if (crop === undefined) return refuse('needs "resize": [height, width], since the graph does not declare the size.');
  const { fit = 'crop', resize = json.crop ?? crop } = json;
  if (json.crop !== undefined && !isSize(json.crop, crop))
    refuse(`crops to ${sizeText(json.crop)} pixels, but the input has ${sizeText(crop)}.`);
  if (fit === 'pad' && !isSize(resize, crop))
    refuse(`resizes to ${sizeText(resize)} pixels, but the input has ${sizeText(crop)}. The fit pad cuts off nothing.`);
  if (resize[0] < crop[0] || resize[1] < crop[1])
    refuse(`resizes to ${sizeText(resize)} pixels, but the input has ${sizeText(crop)}.`);
  const elements = crop[0] * crop[1] * channels;
  if (shape.length === 1 && typeof shape[0] === 'number' && shape[0] !== elements)
    refuse(`makes ${elements} values, but the input has ${shape[0]}.`);

  const { scale = dtype === 'uint8' ? 1 : 255, mean = [0], std = [1] } = json;
  if (dtype === 'uint8' && (scale !== 1 || json.mean !== undefined || json.std !== undefined))
    refuse('has a scale, mean or std, but the input has whole numbers from 0 to 255. Leave them out.');
  for (const [name, values] of Object.entries({ mean, std }))
    if (values.length !== 1 && values.length !== channels)
      refuse(`has ${values.length} numbers in "${name}", but ${channels} ${channels === 1 ? 'channel' : 'channels'}.`);
  return {
    resize,
    crop,
    centering: json.centering ?? 'round',
    fit,
    padding: json.padding ?? 0,
    interpolation: json.interpolation ?? 'bilinear',
    layout,
    color,
    scale,
    mean: each(mean, channels),
    std: each(std, channels),
    maxBytes: json.maxBytes ?? MOST_BYTES,
    maxPixels: json.maxPixels ?? MOST_PIXELS,
  };
}

/** The places of channels, height and width in the shape of a row. */
const axes: Readonly<Record<ImageLayout, readonly [number | undefined, number, number]>> = {
  NCHW: [0, 1, 2],
  NHWC: [2, 0, 1],
  NHW: [undefined, 0, 1],
};

/** Channels are last only if nothing else can be: exporters of PyTorch put them first. */
function layoutOf({ shape }: TensorSpec): ImageLayout {
  if (shape.length === 2) return 'NHW';
  const [first, , last] = shape;
  return isChannels(last) && !isChannels(first) ? 'NHWC' : 'NCHW';
}

const isChannels = (size: number | string | undefined): boolean => size === 1 || size === 3;

const isSize = (a: Size, b: Size): boolean => a[0] === b[0] && a[1] === b[1];
const sizeText = ([height, width]: Size): string => `${height} × ${width}`;

const each = (values: readonly number[], count: number): readonly number[] =>
  values.length === count ? values : Array.from({ length: count }, () => values[0] ?? 0);
