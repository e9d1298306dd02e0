import { columns } from '../terminal/columns.ts';
import type { Outcome } from './perform.ts';

const head = ['event', 'requests', 'failed', 'failed twice', 'longest gap', 'all back after', 'seen'] as const;

/** A line an event, in the manner of `kubectl get`, or as Markdown. */
export function table(outcomes: readonly Outcome[], markdown: boolean): string {
  const titles = markdown ? head : head.map((title) => title.toUpperCase());
  return columns([titles, ...outcomes.map(row)], { markdown }).join('\n');
}

function row({
  event,
  skipped,
  sent,
  failed = 0,
  failedTwice,
  kinds,
  longestGapMs = NaN,
  backAfterSeconds,
  seen,
  broken,
}: Outcome): readonly string[] {
  if (skipped !== undefined) return [event, '', '', '', '', '', `skipped: ${skipped}`];
  return [
    event,
    String(sent),
    failed === 0 ? '0' : `${String(failed)} (${kinds ?? ''})`,
    String(failedTwice),
    `${(longestGapMs / 1000).toFixed(2)} s`,
    backAfterSeconds === undefined ? 'never' : `${backAfterSeconds.toFixed(1)} s`,
    broken.length === 0 ? (seen ?? '') : `BROKEN: ${broken[0] ?? ''}`,
  ];
}
