/**
 * A regular expression for exactly the whole numbers from `low`, at most 0, to `high`, in decimal digits without leading
 * zeros: JSON Schema has bounds for numbers alone, and an integer may come as a string. `[0-9]`, since `\d` has more
 * digits than these in some languages.
 */
export function decimalPattern(low: bigint, high: bigint): string {
  const negative = low < 0n ? `|-(${upTo(-low)})` : '';
  return `^(0|${upTo(high)}${negative})$`;
}

/** Numbers from 1 to `most`: shorter ones, then by the first digit that is lower than that of `most`, then `most` itself. */
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
