import type { FeatureDescription, PredictionResponse } from '../../../contract/api.ts';
import type { Row } from '../api/messages.ts';
import { parseNumber } from '../form/numbers.ts';
import { parseCsv, toCsv } from './csv.ts';

/** A CSV file, with one row of features per line. */
export interface TableFile {
  readonly name: string;
  readonly header: readonly string[];
  readonly lines: readonly (readonly string[])[];
  readonly rows: readonly Row[];
  /** Features that no column is about. */
  readonly missing: readonly string[];
  /** Columns that are about no feature. */
  readonly ignored: readonly string[];
}

/** What became of a row. */
export type Outcome = PredictionResponse | { readonly error: string };

/** Matches the columns of a file with the features, whatever their order. */
export function readTable(name: string, text: string, features: readonly FeatureDescription[]): TableFile {
  const [head = [], ...lines] = parseCsv(text);
  const header = head.map((cell) => cell.trim());
  const columns = features.flatMap((feature) => {
    const index = header.findIndex((cell) => simplified(cell) === simplified(feature.name));
    return index === -1 ? [] : [{ feature, index }];
  });
  const found = new Set(columns.map(({ index }) => index));
  return {
    name,
    header,
    lines,
    rows: lines.map((line) =>
      Object.fromEntries(columns.map(({ feature, index }) => [feature.name, cellValue(line[index] ?? '', feature)])),
    ),
    missing: features
      .filter((feature) => !columns.some((column) => column.feature === feature))
      .map(({ name }) => name),
    ignored: header.filter((_, index) => !found.has(index)),
  };
}

/** Returns the file with the predictions in further columns. */
export function withOutcomes({ header, lines }: TableFile, outcomes: readonly Outcome[]): string {
  const first = outcomes.find((outcome) => 'model' in outcome);
  const byClass = first?.probabilities === undefined ? 'scores' : 'probabilities';
  const listed = outcomes.flatMap((outcome) => ('model' in outcome ? Object.keys(outcome[byClass] ?? {}) : []));
  const classes = [...new Set(listed)];
  const cells = (outcome: Outcome | undefined): readonly string[] => {
    if (outcome === undefined || 'error' in outcome)
      return ['', ...classes.map(() => ''), outcome?.error ?? 'not sent'];
    const { prediction, score, outputs } = outcome;
    const shown = prediction === undefined ? JSON.stringify(outputs) : String(score ?? prediction);
    return [shown, ...classes.map((name) => String(outcome[byClass]?.[name] ?? '')), ''];
  };
  return toCsv([
    [
      ...header,
      'prediction',
      ...classes.map((name) => `${byClass === 'scores' ? 'score' : 'probability'}_${name}`),
      'error',
    ],
    ...lines.map((line, index) => [...line, ...cells(outcomes[index])]),
  ]);
}

/** "Sepal length (cm)" is the column of sepal_length. */
const simplified = (name: string): string =>
  name
    .toLowerCase()
    .replace(/\(.*\)\s*$/, '')
    .replaceAll(/[^\p{L}\p{N}]/gu, '');

/** Returns a cell as JSON has it. What is not of the feature's type is sent as it is, and the service says so. */
function cellValue(cell: string, { dtype, shape, nullable, choices, decode }: FeatureDescription): unknown {
  const text = cell.trim();
  if (decode !== undefined) return cell;
  if (text === '' && nullable === true) return null;
  if (shape.length > 0) return parsed(text);
  if (dtype === 'string' || choices !== undefined) return cell;
  if (dtype === 'bool') return { true: true, false: false, 1: true, 0: false }[text.toLowerCase()] ?? cell;
  return parseNumber(text);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
