/**
 * Returns a regular expression for exactly the whole numbers from `low` (at most 0) to `high`, in decimal digits
 * without leading zeros. JSON Schema has bounds only for numbers, but an integer may be sent as a string. It uses
 * `[0-9]` because `\d` also matches other digits in some languages.
 */
export function decimalPattern(low: bigint, high: bigint): string {
  const negative = low < 0n ? `|-(${upTo(-low)})` : '';
  return `^(0|${upTo(high)}${negative})$`;
}

/** Matches 1 to `most`: shorter numbers, then by the first digit that is lower than in `most`, then `most` itself. */
function upTo(most: bigint): string {
  const digits = Array.from(String(most), Number);
  const shorter = digits.length > 1 ? [`[1-9]${repeated(digits.length - 2, true)}`] : [];
  const lower = digits.flatMap((digit, index) => {
    const least = index === 0 ? 1 : 0;
    return digit <= least
      ? []
      : [`${digits.slice(0, index).join('')}${range(least, digit - 1)}${repeated(digits.length - 1 - index)}`];
  });
  return [...shorter, ...lower, String(most)].join('|');
}

function range(from: number, to: number): string {
  return from === to ? String(from) : `[${from}-${to}]`;
}

function repeated(times: number, orFewer = false): string {
  if (times === 0) return '';
  return orFewer ? `[0-9]{0,${times}}` : `[0-9]${times === 1 ? '' : `{${times}}`}`;
}
