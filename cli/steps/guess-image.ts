import type { Size } from '../../onnx/signature/image.ts';
import type { ModelJson } from '../../onnx/signature/model-json.ts';
import { Failure, reasonOf } from '../failure.ts';

/**
 * Guesses what model.json says about a model of images.
 *
 * @param copy the model's file
 * @param size height and width to which images are resized; by default those of the input
 * @param file the exported file, for the error
 * @throws {Failure} if no input can be an image
 */
export async function guessedImage(
  copy: string,
  size: Size | undefined,
  classes: readonly string[] | undefined,
  file: string,
): Promise<Partial<ModelJson>> {
  const [{ guessImage }, { readModelBytes }] = await Promise.all([
    import('../../onnx/signature/guess-image.ts'),
    import('../../onnx/file/model-file.ts'),
  ]);
  try {
    return guessImage(await readModelBytes(copy), size, classes);
  } catch (cause) {
    throw new Failure(`${file} cannot be served: ${reasonOf(cause)}`, { cause });
  }
}
