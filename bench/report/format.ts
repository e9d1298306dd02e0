import type { Spread } from '../figures.ts';

/** Formats a number with three significant digits, and whole from 100 on: 0.821, 12.3, 43 012. */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  return size === 0 ? '0' : value.toPrecision(3);
}

/** Formats a median with its spread: `0.82 (0.80–0.85)`. A single round has no spread. */
export function formatSpread({ median, min, max }: Spread): string {
  return min === max ? formatNumber(median) : `${formatNumber(median)} (${formatNumber(min)}–${formatNumber(max)})`;
}
