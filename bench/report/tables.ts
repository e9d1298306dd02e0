import type { Figures } from '../figures.ts';
import { formatSpread } from './format.ts';

/** A table of the report: its rows are subjects, its columns their figures. */
export interface TableSpec {
  readonly title: string;
  /** What the numbers mean, and how they were measured. */
  readonly caption: string;
  /** The titles of the columns, by figure. */
  readonly columns: Readonly<Record<string, string>>;
  /** The titles of the rows, by subject. */
  readonly rows: Readonly<Record<string, string>>;
}

const loadColumns = {
  rps: 'requests/s',
  rows: 'rows/s',
  p50: 'p50 ms',
  p99: 'p99 ms',
  cpu: 'CPU µs per request',
  resident: 'MB',
};
const contenders = {
  bare: 'bare node:http',
  predictions: 'Rhizome /predictions',
  'infer-json': 'Rhizome /v2 JSON',
  'infer-binary': 'Rhizome /v2 binary',
  naive: 'naive Hono',
  before: 'Rhizome before, /predictions',
  fastapi: 'FastAPI async',
  mlserver: 'MLServer',
  litserve: 'LitServe',
  bentoml: 'BentoML',
};

const closed = (subject: string, connections: number, rows: number, name: string): TableSpec => ({
  title: `${name}, ${connections} ${connections === 1 ? 'connection' : 'connections'}, ${rows} rows per request`,
  caption: 'Closed loop: each connection sends its next request when the response to the one before has come.',
  columns: loadColumns,
  rows: {
    ...Object.fromEntries(
      Object.entries(contenders).map(([id, title]) => [`${subject}/${id}/c${connections}/b${rows}`, title]),
    ),
    [`${subject}/echo/c${connections}/b${rows}`]: 'node:http echo',
    [`${subject}/runtime`]: 'the runtime alone',
  },
});

/** All tables. Rows and columns that were not measured are left out. */
export const tables: readonly TableSpec[] = [
  ...[1, 16, 64, 256].map((connections) => closed('iris', connections, 1, 'Iris')),
  closed('iris', 64, 32, 'Iris'),
  closed('forest', 64, 1, 'Forest of 300 trees'),
  closed('forest', 64, 32, 'Forest of 300 trees'),
  closed('convolution', 64, 1, 'Convolution net'),
  closed('image', 64, 1, '224×224×3 float32, 600 KB in and out'),
  {
    title: 'gRPC ModelInfer, iris, 64 streams over 4 connections',
    caption: 'Closed loop, with ghz.',
    columns: loadColumns,
    rows: { 'grpc/now/c64/b1': 'Rhizome', 'grpc/before/c64/b1': 'Rhizome before' },
  },
  {
    title: 'Next to a model whose runs take half a second, with 50 requests waiting for it',
    caption: 'Open loop: 50 requests per second for each probe, and 200 for iris. Milliseconds.',
    columns: { p50: 'p50', p99: 'p99', max: 'max' },
    rows: { 'busy/livez': '/livez', 'busy/readyz': '/readyz', 'busy/iris': 'iris' },
  },
  {
    title: 'Overload: the convolution net',
    caption: 'Peak: closed loop, 16 connections. The others: open loop. Latencies in milliseconds.',
    columns: {
      rps: 'served/s',
      goodput: 'served/s, open loop',
      p50: 'p50',
      p99: 'p99 accepted',
      refused: 'refused',
      refusedP99: 'p99 refusals',
      resident: 'MB',
    },
    rows: { 'overload/peak': 'peak', 'overload/at-80-percent': '80 % of peak', 'overload/times-10': '10 × peak' },
  },
  {
    title: 'Start',
    caption: "From the start of the process, in milliseconds. Rhizome's is until /readyz responds with 200.",
    columns: { ms: 'ms' },
    rows: { 'cold-start/service': 'Rhizome with iris, as in the image', 'cold-start/runtime': 'the runtime alone' },
  },
  {
    title: 'Memory',
    caption:
      'Resident, in MB, with iris. Loaded: one minute (others: 10 s) at 64 connections. Soaked: then at 80 % of it.',
    columns: { idle: 'idle', loaded: 'loaded', soaked: 'soaked', soakSeconds: 'soaked for s' },
    rows: { 'memory/predictions': 'Rhizome', 'memory/naive': 'naive Hono', 'memory/bare': 'bare node:http' },
  },
  {
    title: 'Models in one process',
    caption: 'Copies of iris.',
    columns: { ready: 'ready after ms', resident: 'MB' },
    rows: {
      'many-models/1': '1',
      'many-models/10': '10',
      'many-models/100': '100',
      'many-models/each': 'each beyond the first',
    },
  },
  {
    title: 'Synthesis',
    caption: 'From the start of the process to the manifests of so many services.',
    columns: { ms: 'ms' },
    rows: { 'synth/1': '1', 'synth/10': '10', 'synth/100': '100' },
  },
  { title: 'Image', caption: 'Uncompressed.', columns: { mb: 'MB' }, rows: { 'image-size': 'iris-server' } },
];

/** Formats a table as Markdown. Returns undefined if none of its rows was measured. */
export function formatTable({ title, caption, columns, rows }: TableSpec, figures: Figures): string | undefined {
  const measured = Object.entries(rows).filter(([subject]) =>
    Object.keys(columns).some((name) => figures.rounds(`${subject}/${name}`).length > 0),
  );
  if (measured.length === 0) return undefined;
  const used = Object.entries(columns).filter(([name]) =>
    measured.some(([subject]) => figures.rounds(`${subject}/${name}`).length > 0),
  );
  const lines = measured.map(([subject, name]) => {
    const cells = used.map(([figure]) => {
      const spread = figures.spread(`${subject}/${figure}`);
      return spread === undefined ? '' : formatSpread(spread);
    });
    return [figures.problems(subject).length > 0 ? `${name} (with errors)` : name, ...cells];
  });
  const problems = Object.keys(rows).flatMap((subject) => [...figures.problems(subject), ...figures.skips(subject)]);
  return [
    `### ${title}`,
    caption,
    markdownTable(['', ...used.map(([, column]) => column)], lines),
    ...[...new Set(problems)].map((problem) => `- ${problem.split('\n')[0] ?? ''}`),
  ].join('\n\n');
}

/** Returns a Markdown table whose numbers are aligned to the right. */
export function markdownTable(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [row(head), row(head.map((_, index) => (index === 0 ? ':--' : '--:'))), ...lines.map(row)].join('\n');
}
