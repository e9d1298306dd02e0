/** What turns the value of a feature in a request into the tensor of an input, as `model.json` declares it. */
import { resolveImage, type ImageDecode, type ImageJson } from './image.ts';
import type { TensorSpec } from './tensor-spec.ts';
import type { TokensDecode, TokensJson } from './tokens.ts';

/** How a feature is decoded, in `model.json`. Requests then have an image or a text in place of the tensor. */
export interface DecodeJson {
  readonly image?: ImageJson;
  readonly tokens?: TokensJson;
}

/** How a feature is decoded, with everything that `model.json` leaves to the graph. */
export interface Decode {
  readonly image?: ImageDecode;
  readonly tokens?: TokensDecode;
}

/**
 * Completes what `model.json` declares about an image with what the graph shows.
 *
 * @param what the feature: its name, and the dtype and shape of one row
 * @throws {SignatureError} if the declaration does not fit the input
 */
export function resolveDecode(what: TensorSpec, image: ImageJson): Decode {
  return { image: resolveImage(what, image) };
}

/** Describes how an image is decoded, for people. */
export function describeImage(image: ImageDecode): string {
  const { resize, crop, centering, fit, interpolation, color, layout, scale, mean, std } = image;
  const size = ([height, width]: readonly number[]): string => `${height} × ${width}`;
  const how = [fit, interpolation, ...(centering === 'floor' ? ['center rounded down'] : [])];
  const isNormalized = mean.some((value) => value !== 0) || std.some((value) => value !== 1);
  return [
    `an image, resized to ${size(resize)} (${how.join(', ')})`,
    ...(size(crop) === size(resize) ? [] : [`the center of ${size(crop)}`]),
    `${color} as ${layout}`,
    ...(scale === 1 ? [] : [`divided by ${scale}`]),
    ...(isNormalized ? [`mean ${mean.join(' ')}`, `deviation ${std.join(' ')}`] : []),
  ].join(', ');
}

/** Describes what a request has, for messages. */
export function describeEncoded({ maxBytes }: ImageDecode): string {
  return `an image (JPEG, PNG or WebP) of at most ${maxBytes} bytes, in base64`;
}
