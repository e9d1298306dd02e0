import { ratioOf, type Figures, type Spread } from '../figures.ts';

/** What a line compares: a figure, or a ratio of figures of the same run. */
export interface Quantity {
  /** The figures that it is formed from. A problem of one of them is a problem of the line. */
  readonly keys: readonly string[];
  readonly of: (figures: Figures) => Spread | undefined;
}

/** A limit that a measured quantity should keep. */
export interface Line {
  /** The measurement that produces the figures: `--only` selects by it. */
  readonly measurement: string;
  readonly what: string;
  readonly quantity: Quantity;
  /** `≥` if more is better. */
  readonly relation: '≥' | '≤';
  readonly limit: number;
  /** Such as `× bare` or ` ms`. It follows the number. */
  readonly unit: string;
}

export type Verdict = 'holds' | 'does not hold' | 'failed' | 'not measured';

export interface LineResult {
  readonly line: Line;
  readonly verdict: Verdict;
  /** Undefined if the figures are missing. */
  readonly measured: Spread | undefined;
  /** Why it failed or was not measured. */
  readonly reasons: readonly string[];
}

export const figure = (key: string): Quantity => ({ keys: [key], of: (figures) => figures.spread(key) });

/** Divides two figures, round by round. */
export const ratio = (numerator: string, denominator: string): Quantity => ({
  keys: [numerator, denominator],
  of: (figures) => ratioOf(figures.rounds(numerator), figures.rounds(denominator)),
});

/** Multiplies a quantity by a constant. */
export const scaled = ({ keys, of }: Quantity, factor: number): Quantity => ({
  keys,
  of(figures) {
    const spread = of(figures);
    return spread && { median: spread.median * factor, min: spread.min * factor, max: spread.max * factor };
  },
});

/** Returns whichever quantity has the higher median. */
export const highest = (...quantities: readonly Quantity[]): Quantity => ({
  keys: quantities.flatMap(({ keys }) => keys),
  of: (figures) =>
    quantities
      .flatMap(({ of }) => of(figures) ?? [])
      .reduce<Spread | undefined>(
        (best, each) => (best === undefined || each.median > best.median ? each : best),
        undefined,
      ),
});

/**
 * Evaluates a line by the median of its quantity. Figures with wrong responses fail it, whatever the number is.
 * Figures that were skipped, since a program is missing on this machine, leave it unmeasured.
 */
export function evaluate(line: Line, figures: Figures): LineResult {
  const measured = line.quantity.of(figures);
  const problems = line.quantity.keys.flatMap((key) => figures.problems(key));
  if (problems.length > 0) return { line, verdict: 'failed', measured, reasons: [...new Set(problems)] };
  const skipped = line.quantity.keys.flatMap((key) => figures.skips(key));
  if (skipped.length > 0) return { line, verdict: 'not measured', measured: undefined, reasons: [...new Set(skipped)] };
  if (measured === undefined || Number.isNaN(measured.median))
    return { line, verdict: 'failed', measured: undefined, reasons: ['the figures are missing'] };
  const holds = line.relation === '≥' ? measured.median >= line.limit : measured.median <= line.limit;
  return { line, verdict: holds ? 'holds' : 'does not hold', measured, reasons: [] };
}
