import { appendFileSync, readFileSync } from 'node:fs';
import { variables } from './suite.ts';

/** What a disruption cost. */
export interface ImpactRow {
  readonly disruption: string;
  /** Requests, over kept and over new connections together. */
  readonly sent: number;
  readonly failed: number;
  /** Failed when sent again three seconds later. */
  readonly failedTwice: number;
  /** Longest time without a right answer, in milliseconds: the worse one of kept and new connections. */
  readonly longestGapMs: number;
  /** Seconds until as many replicas as before were ready; where any was lost. */
  readonly recoverySeconds?: number;
}

/** Adds a row to the table that e2e/run.ts prints at the end, and prints it as one line. */
export function addRow(row: ImpactRow): void {
  const file = process.env[variables.table];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(row)}\n`);
  const [disruption, ...numbers] = cells(row);
  console.log(
    `${disruption}: sent ${numbers[0]}, failed ${numbers[1]}, failed twice ${numbers[2]}, longest gap ${numbers[3]}, count back ${numbers[4]}`,
  );
}

export function formatTable(file: string): string {
  const rows = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ImpactRow);
  const line = (parts: readonly string[]): string => `| ${parts.join(' | ')} |\n`;
  return [
    line(['disruption', 'sent', 'failed', 'failed twice', 'longest gap', 'count back']),
    '|---|---|---|---|---|---|\n',
    ...rows.map((row) => line(cells(row))),
  ].join('');
}

const cells = ({ disruption, sent, failed, failedTwice, longestGapMs, recoverySeconds }: ImpactRow): string[] => [
  disruption,
  String(sent),
  String(failed),
  String(failedTwice),
  `${(longestGapMs / 1000).toFixed(2)} s`,
  recoverySeconds === undefined ? '–' : `${recoverySeconds.toFixed(1)} s`,
];
