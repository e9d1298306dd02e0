import { UsageError } from '../failure.ts';
import { quote } from '../tools/quote.ts';
import { imageType } from './predict.ts';

/**
 * Finds the model and the image among the arguments. A model need not be named, so the first one is the image if its
 * name ends like that of one, and there is no such model.
 * @param hasModel called only if the name may be that of an image
 * @throws {UsageError} if the second argument is not an image
 */
export function imageArgument(
  hasModel: (name: string) => boolean,
  [first, second]: readonly [first: string | undefined, second: string | undefined],
): { readonly model: string | undefined; readonly image: string | undefined } {
  if (second !== undefined && imageType(second) === undefined)
    throw new UsageError(`${second} is not an image: its name does not end with .jpg, .jpeg, .png or .webp.`, {
      hint: `To send rows, use --file ${quote([second])}.`,
    });
  const isImage = second === undefined && first !== undefined && imageType(first) !== undefined && !hasModel(first);
  return isImage ? { model: undefined, image: first } : { model: first, image: second };
}
