import { SignatureError } from './tensor-spec.ts';

/** How values were distributed in the training data, in `model.json`. */
export interface DistributionJson {
  /**
   * For numbers: the highest value of each bin, ascending; the last bin has all higher values. Left out for texts,
   * whose bins are the choices, and for predictions of classes.
   */
  readonly bounds?: readonly number[];
  /** The share of the values in each bin. */
  readonly shares: readonly number[];
  /** The share of the values that were missing. @default 0 */
  readonly missing?: number;
}

/**
 * Checks that a distribution fits what it describes.
 *
 * @param what what it describes, for the error
 * @param names the choices or classes; undefined for numbers
 * @throws {SignatureError} if it does not
 */
export function checkDistribution(
  { bounds, shares }: DistributionJson,
  what: string,
  names: readonly string[] | undefined,
): void {
  const expected = names === undefined ? (bounds?.length ?? 0) + 1 : names.length;
  const problem =
    names !== undefined && bounds !== undefined
      ? 'has bounds, which only numbers have'
      : names === undefined && bounds === undefined
        ? 'has no bounds, which numbers need'
        : bounds?.some((bound, index) => index > 0 && bound <= (bounds[index - 1] as number)) === true
          ? 'has bounds that are not ascending'
          : shares.length !== expected
            ? `has ${shares.length} shares for ${expected} bins`
            : undefined;
  if (problem !== undefined)
    throw new SignatureError(`the distribution of ${what} in model.json ${problem}. Correct it, or leave it out.`);
}
