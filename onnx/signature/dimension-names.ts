/** What exporters call a dimension to which they give no name. */
const placeholders = new Set(['', '?', 'None', 'unk', 'unknown']);

/** Returns whether a dynamic dimension has no name that means anything. */
export function isNameless(symbol: string): boolean {
  return placeholders.has(symbol);
}

/** Returns whether a dynamic dimension is named for the rows of a batch. */
export function countsRows(symbol: string): boolean {
  return /batch|^(?:n|b|bs|bsz|(?:n|num)_?(?:rows|samples)|rows)$/i.test(symbol);
}

/** Returns whether a dynamic dimension is named for the steps of a sequence. */
export function countsSteps(symbol: string): boolean {
  return !countsRows(symbol) && /^[tsl]$|seq|time|step|frame|token|audio|length|(?:^|_)len(?:_|$)/i.test(symbol);
}
