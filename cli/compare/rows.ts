import type { Feature, Signature } from '../../onnx/signature/signature.ts';
import { readCell, type Row } from '../../onnx/signature/cells.ts';
import { Failure } from '../failure.ts';
import { matchColumns } from '../row-files/match-columns.ts';
import { parseField } from '../row-files/parse-field.ts';
import type { RowSource, SourceRow } from '../row-files/row-source.ts';
import { toJson } from '../json.ts';

/** A row of the file, encoded for each of the two models. */
export interface HoldoutRow {
  readonly at: number;
  readonly before: Row;
  readonly after: Row;
  readonly label?: string | number;
}

export interface Signatures {
  readonly before: Signature;
  readonly after: Signature;
}

/** How many invalid rows are listed. */
const maxListed = 10;

/**
 * Reads all rows of the file.
 * @param say gets the line about columns that have similar names
 * @throws {Failure} if any of them are invalid: a decision about a model must rest on all rows
 */
export async function holdoutRows(
  source: RowSource,
  { before, after }: Signatures,
  label: string | undefined,
  say: (line: string) => void,
): Promise<readonly HoldoutRow[]> {
  const { name, unit, format, columns } = source;
  const names = [...before.features.map((feature) => feature.name), ...(label === undefined ? [] : [label])];
  const matched = columns === undefined ? undefined : matchColumns(name, columns, names, before.name);
  if (matched?.similar !== undefined) say(matched.similar);
  const columnOf = (of: string): string => matched?.columns.get(of) ?? of;
  const rows: HoldoutRow[] = [];
  const problems: string[] = [];
  const row = (of: Signature, from: SourceRow): Row =>
    of.features.map((feature) => cell(feature, from.values[columnOf(feature.name)], format === 'csv'));
  for await (const from of source.rows) {
    try {
      if (from.problem !== undefined) throw new CellError(from.problem);
      rows.push({
        at: from.at,
        before: row(before, from),
        after: row(after, from),
        ...(label !== undefined && { label: labelOf(before, label, from.values[columnOf(label)]) }),
      });
    } catch (error) {
      if (!(error instanceof CellError)) throw error;
      problems.push(`${unit} ${String(from.at)}: ${error.message}`);
    }
  }
  if (problems.length > 0) {
    throw new Failure(
      `${String(problems.length)} of ${String(rows.length + problems.length)} rows of ${name} cannot be compared.`,
      {
        details: [
          ...problems.slice(0, maxListed),
          ...(problems.length > maxListed ? [`… and ${String(problems.length - maxListed)} more`] : []),
        ],
        hint: 'Correct these rows, or remove them.',
      },
    );
  }
  if (rows.length === 0)
    throw new Failure(`${name} has no rows.`, {
      hint: 'Keep some rows out of training, and pass them with --file.',
    });
  return rows;
}

class CellError extends Error {
  override readonly name = 'CellError';
}

function cell(feature: Feature, value: unknown, isText: boolean): Row[number] {
  if (value === undefined) throw new CellError(`${feature.name} is missing`);
  const reading = readCell(feature, isText && typeof value === 'string' ? parseField(feature, value) : value);
  if (reading.problem === undefined) return reading.cell;
  const { path, value: came, expected } = reading.problem;
  throw new CellError(
    `${[feature.name, ...path].join('/')}: expected ${expected}, got ${came === undefined ? 'nothing' : toJson(came)}`,
  );
}

/** Returns the true value. For a class, the file may have its name or its label in the graph; returns the name. */
function labelOf({ output }: Signature, column: string, value: unknown): string | number {
  const text = typeof value === 'string' ? value.trim() : value === undefined ? '' : toJson(value);
  if (text === '') throw new CellError(`${column} is empty`);
  if (output.task === 'classifier') {
    if (output.classes.includes(text)) return text;
    const index = output.labels.findIndex(
      (label) => String(label) === text || (typeof label === 'bigint' && Number(text) === Number(label)),
    );
    return output.classes[index] ?? text;
  }
  const number = Number(text);
  if (Number.isNaN(number)) throw new CellError(`${column}: expected a number, got ${toJson(value)}`);
  // A text, since -1 and 1 of an anomaly detector are classes rather than quantities.
  return output.task === 'anomaly-detector' ? String(number) : number;
}
