import { appendFileSync, readFileSync } from 'node:fs';
import { variables } from './suite.ts';

/** What an event cost. */
export interface Row {
  readonly event: string;
  /** Requests, over kept and over new connections together. */
  readonly sent: number;
  readonly failed: number;
  /** Failed when sent again three seconds later. */
  readonly failedTwice: number;
  /** Longest time without a right answer, in milliseconds: the worse one of kept and new connections. */
  readonly longestGapMs: number;
  /** Seconds until as many replicas as before were ready; where any was lost. */
  readonly backSeconds?: number;
}

/** Adds a row to the table that e2e/run.ts prints at the end, and prints it as one line. */
export function record(row: Row): void {
  const file = process.env[variables.table];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(row)}\n`);
  const [event, ...numbers] = cells(row);
  console.log(
    `${event}: sent ${numbers[0]}, failed ${numbers[1]}, failed twice ${numbers[2]}, longest gap ${numbers[3]}, count back ${numbers[4]}`,
  );
}

export function markdown(file: string): string {
  const rows = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
  const line = (parts: readonly string[]): string => `| ${parts.join(' | ')} |\n`;
  return [
    line(['event', 'sent', 'failed', 'failed twice', 'longest gap', 'count back']),
    '|---|---|---|---|---|---|\n',
    ...rows.map((row) => line(cells(row))),
  ].join('');
}

const cells = ({ event, sent, failed, failedTwice, longestGapMs, backSeconds }: Row): string[] => [
  event,
  String(sent),
  String(failed),
  String(failedTwice),
  `${(longestGapMs / 1000).toFixed(2)} s`,
  backSeconds === undefined ? '–' : `${backSeconds.toFixed(1)} s`,
];
