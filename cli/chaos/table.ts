import { columns } from '../terminal/columns.ts';
import type { Style } from '../terminal/style.ts';
import type { Outcome } from './outcome.ts';

/** Returns a Markdown table of the outcomes, a row for each experiment. */
export function markdownTable(outcomes: readonly Outcome[]): string {
  const head = [
    '',
    'experiment',
    'expected impact',
    'requests',
    'failed',
    'failed twice',
    'longest gap',
    'all back after',
    'observed',
  ];
  const rows = outcomes.map((outcome) => {
    const { experiment, expectedImpact, skipped, kinds = '' } = outcome;
    const first = [mark(outcome), experiment, expectedImpact];
    if (skipped !== undefined) return [...first, '', '', '', '', '', `skipped: ${skipped}`];
    const [sent = '', failed = '', ...others] = numbers(outcome);
    return [...first, sent, kinds === '' ? failed : `${failed} (${kinds})`, ...others, observation(outcome)];
  });
  return columns([head, ...rows], { markdown: true }).join('\n');
}

/** Returns a table of the outcomes that fits 80 columns: a row for each experiment, and what was observed below it. */
export function table(outcomes: readonly Outcome[], style: Style, width = 80): string {
  const head = ['  EXPERIMENT', 'EXPECTED', 'REQUESTS', 'FAILED', 'TWICE', 'LONGEST GAP', 'BACK AFTER'];
  const rows = outcomes.map((outcome) => {
    const name = `${style(colours[mark(outcome)], mark(outcome))} ${outcome.experiment}`;
    return outcome.skipped === undefined
      ? [name, outcome.expectedImpact, ...numbers(outcome)]
      : [name, 'skipped', '', '', '', '', ''];
  });
  const [titles = '', ...lines] = columns([head, ...rows], { width: Infinity });
  return [
    titles,
    ...outcomes.flatMap((outcome, index) => [
      lines[index] ?? '',
      ...columns([[note(outcome)]], { indent: '    ', width }).map((line) => style('dim', line)),
    ]),
  ].join('\n');
}

const colours = { '✓': 'green', '✗': 'red', '-': 'dim' } as const;

const mark = ({ skipped, exceeded }: Outcome): keyof typeof colours =>
  skipped !== undefined ? '-' : exceeded.length === 0 ? '✓' : '✗';

const numbers = ({ sent, failed, failedTwice, longestGapMs = NaN, backAfterSeconds }: Outcome): readonly string[] => [
  String(sent),
  String(failed),
  String(failedTwice),
  `${(longestGapMs / 1000).toFixed(2)} s`,
  backAfterSeconds === undefined ? 'never' : `${backAfterSeconds.toFixed(1)} s`,
];

function observation({ exceeded, observed = '', refused = 0, p99Ms }: Outcome): string {
  const latency = p99Ms === undefined ? '' : `; p99 of the others ${(p99Ms / 1000).toFixed(2)} s`;
  return exceeded[0] ?? (refused === 0 ? observed : `${observed}; ${String(refused)} refused${latency}`);
}

function note(outcome: Outcome): string {
  const { skipped, kinds = '' } = outcome;
  if (skipped !== undefined) return skipped;
  return kinds === '' || outcome.exceeded.length > 0
    ? observation(outcome)
    : `${observation(outcome)}; failures: ${kinds}`;
}
