import { appendFileSync, readFileSync } from 'node:fs';
import { variables } from './suite.ts';

/** The impact of one disruption. */
export interface ImpactRow {
  readonly disruption: string;
  /** Requests, over kept and new connections together. */
  readonly sent: number;
  readonly failed: number;
  /** Requests that failed again when they were repeated three seconds later. */
  readonly failedTwice: number;
  /**
   * The longest time without a correct response, in milliseconds: the longer one of kept connections and of new ones,
   * which are measured separately.
   */
  readonly longestGapMs: number;
  /** Seconds until as many replicas were ready as before; only if the disruption took any away. */
  readonly recoverySeconds?: number;
}

/** Adds a row to the table that e2e/run.ts prints at the end, and prints the row as one line. */
export function addRow(row: ImpactRow): void {
  const file = process.env[variables.table];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(row)}\n`);
  const [disruption, sent, failed, failedTwice, longestGap, recovery] = cells(row);
  console.log(
    `${disruption}: sent ${sent}, failed ${failed}, failed twice ${failedTwice}, ` +
      `longest gap ${longestGap}, recovery ${recovery}`,
  );
}

/** Returns the rows of a file that `addRow` wrote, as a Markdown table. */
export function formatTable(file: string): string {
  const rows = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ImpactRow);
  const line = (parts: readonly string[]): string => `| ${parts.join(' | ')} |\n`;
  return [
    line(['disruption', 'sent', 'failed', 'failed twice', 'longest gap', 'recovery']),
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
