/** What turns the value of a feature in a request into the tensor of an input, as `model.json` declares it. */
import { resolveImage, type ImageDecode, type ImageJson } from './image.ts';
import type { TensorSpec } from './tensor-spec.ts';

/** How a feature is decoded, in `model.json`. Requests then have an image in place of the tensor. */
export interface DecodeJson {
  readonly image?: ImageJson;
}

/** How a feature is decoded, with everything that `model.json` leaves to the graph. */
export interface Decode {
  readonly image: ImageDecode;
}

/**
 * Completes what `model.json` declares with what the graph shows.
 *
 * @param what the feature: its name, and the dtype and shape of one row
 * @throws {SignatureError} if the declaration does not fit the input
 */
export function resolveDecode(what: TensorSpec, { image = {} }: DecodeJson): Decode {
  return { image: resolveImage(what, image) };
}

/** Describes what a request has, for messages. */
export function describeEncoded({ image }: Decode): string {
  return `an image (JPEG, PNG or WebP) of at most ${image.maxBytes} bytes, in base64`;
}
