import type sharpType from 'sharp';
import { SignatureError } from '../../signature/tensor-spec.ts';

export type Sharp = typeof sharpType;

/**
 * Loads sharp. Nothing else imports it, since only models that decode images need it.
 *
 * @throws {SignatureError} if it is not installed
 */
export async function loadSharp(): Promise<Sharp> {
  let sharp: Sharp;
  try {
    ({ default: sharp } = await import('sharp'));
  } catch (cause) {
    throw new SignatureError(
      'the model decodes images, which needs the package sharp, and it cannot be loaded. Run "npm install sharp"; ' +
        'an image needs it when it is built: docs/images.md',
      { cause },
    );
  }
  // One thread for each image: how many are decoded at once is bounded elsewhere. Nothing is decoded twice.
  sharp.concurrency(1);
  sharp.cache(false);
  return sharp;
}
