import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { paths } from '../../service/contract/index.ts';
import { curlLine } from '../ask/predict.ts';
import type { ModelsVerification, VerifiedModel } from '../ask/verify-models.ts';
import type { LocalRuntime } from '../local/index.ts';
import { columns, textWidth } from '../terminal/columns.ts';
import { escapeControls } from '../terminal/printable.ts';
import { createStyle, widthOf, type Style } from '../terminal/style.ts';

/** Models that have a line of their own; the lines until the log begins must not be more than 15. */
const mostModels = 5;

/** What the first screen of the local runtime shows. */
export interface Ready extends Pick<LocalRuntime, 'url' | 'grpc' | 'unsupported'> {
  /** The address of the board, if it is open. */
  readonly board: string | undefined;
  readonly verification: ModelsVerification;
  readonly root: string;
  readonly detached: boolean;
}

/** Returns what `rhizome up` prints once the replicas on this machine are ready: at most 12 lines. */
export function firstScreen({ url, grpc, board, unsupported, verification, root, detached }: Ready): string {
  const style = createStyle(process.stdout);
  const width = screenWidth();
  const models = modelLines(verification, style, width);
  const fields = unsupported.reduce((sum, group) => sum + group.fields.length, 0);
  return [
    address(url, grpc, style),
    ...boardLine(board, style),
    ...models,
    ...unsupportedLine(fields, root).map((line) => style('dim', line)),
    ...(models.length > 4 ? [] : ['']),
    detached ? 'Try:' : 'Try in another terminal:',
    ...tryLines(url, verification, width),
    ...(models.length > 3 ? [] : ['']),
    detached
      ? 'Next: npx rhizome status, npx rhizome logs. Stop: npx rhizome down'
      : 'Next: npx rhizome status, npx rhizome up --on kind. Ctrl-C stops the replicas.',
  ].join('\n');
}

/** Returns the address of the service, first of all, and where its other faces are. */
export function address(url: string, grpc: string | undefined, style: Style): string {
  const more = [`documentation at ${paths.docs}`, ...(grpc === undefined ? [] : [`gRPC at ${grpc}`])];
  return `${style(['bold', 'cyan'], url)}  ${style('dim', more.join(', '))}`;
}

/** Returns a line with the address of the board, if it is open. */
export const boardLine = (board: string | undefined, style: Style): readonly string[] =>
  board === undefined ? [] : [`${style(['bold', 'cyan'], board)}  ${style('dim', 'the board: open it')}`];

/** Returns a line for each model: its name and version, whether it was verified, its first prediction. */
export function modelLines(
  { verified, withoutExamples }: ModelsVerification,
  style: Style,
  width: number,
): readonly string[] {
  const rows = [
    ...verified.map(({ model, version, prediction, milliseconds }) => [
      `${style('green', '✓')} ${model} ${version}`,
      `verified in ${milliseconds.toFixed(0)} ms`,
      formatPrediction(prediction as Predicted),
    ]),
    ...withoutExamples.map(({ name, version, folder, notVerified }) => [
      `${style('yellow', '-')} ${name} ${version}`,
      'not verified',
      escapeControls(notVerified ?? `models/${folder}/model.json has no examples`),
    ]),
  ];
  const shown = rows.length > mostModels ? rows.slice(0, mostModels - 1) : rows;
  const widest = (column: number): number => Math.max(0, ...shown.map((row) => textWidth(row[column] ?? '')));
  const room = Math.max(10, width - widest(0) - widest(1) - 2 * '  '.length);
  const lines = columns(
    shown.map(([model = '', verified = '', prediction = '']) => [model, verified, cut(prediction, room)]),
    { width: Infinity },
  );
  const more = rows.length - shown.length;
  const unverified = withoutExamples.length - shown.filter(([, verified]) => verified === 'not verified').length;
  return more === 0
    ? lines
    : [...lines, `  … and ${String(more)} more, ${unverified === 0 ? 'all' : String(more - unverified)} verified`];
}

/** The parts of a response that are shown. */
interface Predicted {
  readonly prediction?: string | number | bigint;
  readonly probabilities?: Readonly<Record<string, unknown>>;
  readonly scores?: Readonly<Record<string, unknown>>;
  readonly score?: unknown;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** Returns a prediction in a few words, with four significant digits. */
export function formatPrediction({ prediction, probabilities, scores, score, outputs = {} }: Predicted): string {
  if (prediction === undefined)
    return Object.entries(outputs)
      .map(([name, value]) => `${name} ${formatValue(value)}`)
      .join(', ');
  const sure = (probabilities ?? scores)?.[String(prediction)] ?? score;
  return `${formatValue(prediction)}${sure === undefined ? '' : ` (${formatValue(sure)})`}`;
}

function formatValue(value: unknown): string {
  if (Array.isArray(value))
    return `[${value.slice(0, 10).map(formatValue).join(', ')}${value.length > 10 ? ', …' : ''}]`;
  return typeof value === 'number' ? String(Number(value.toPrecision(4))) : escapeControls(String(value));
}

/** Returns what to type next: a curl line if one fits, otherwise the command that prints it. */
export function tryLines(url: string, { verified }: ModelsVerification, width: number): readonly string[] {
  const [first] = verified;
  if (first === undefined) return [`  curl ${url}${paths.models}`];
  for (const each of verified) {
    const lines = curlLines(url, each, width);
    if (lines !== undefined) return lines;
  }
  return [`  npx rhizome predict ${first.model}`, `  npx rhizome predict ${first.model} --print-curl`];
}

/** Undefined if one of the lines would be too long. */
function curlLines(url: string, { path, body }: VerifiedModel, width: number): readonly string[] | undefined {
  // curl's default scheme is http.
  const line = `  ${curlLine({ url, path, body }).replace('curl http://', 'curl ')}`;
  const at = line.indexOf(' -d ') + ' -d'.length;
  return [[line], [`${line.slice(0, at)} \\`, ` ${line.slice(at)}`]].find((lines) =>
    lines.every(({ length }) => length <= width),
  );
}

/** Returns how many manifest fields do not apply to local processes, in one line. */
export function unsupportedLine(count: number, root: string): readonly string[] {
  if (count === 0) return [];
  const more = existsSync(join(root, 'docs/local.md')) ? 'docs/local.md or --verbose' : '--verbose lists them';
  return [`${String(count)} manifest fields do not apply to local processes: ${more}`];
}

/** Returns what `--json` prints of the predictions. */
export function summaryOf({ verified, withoutExamples }: ModelsVerification): object {
  const answers = verified.map(({ model, version, prediction }) => ({ model, version, answer: prediction }));
  return {
    answer: answers[0]?.answer,
    answers,
    withoutExamples: withoutExamples.map(({ name, version }) => ({ model: name, version })),
  };
}

/** Returns how many characters a line may have. */
export const screenWidth = (): number => widthOf(process.stdout);

const cut = (text: string, width: number): string => (text.length <= width ? text : `${text.slice(0, width - 1)}…`);
