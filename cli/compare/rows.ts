import type { Signature } from '../../onnx/signature/signature.ts';
import type { Row } from '../../onnx/signature/cells.ts';
import { Failure } from '../failure.ts';
import { matchColumns } from '../row-files/match-columns.ts';
import { readFeature, readLabel, ValueError } from '../row-files/read-value.ts';
import type { RowSource, SourceRow } from '../row-files/row-source.ts';

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
  const needed = before.features.filter(({ name: of, optional }) => !optional || columns?.includes(of));
  const names = [...needed.map((feature) => feature.name), ...(label === undefined ? [] : [label])];
  const matched = columns === undefined ? undefined : matchColumns(name, columns, names, before.name);
  if (matched?.similar !== undefined) say(matched.similar);
  const columnOf = (of: string): string => matched?.columns.get(of) ?? of;
  const rows: HoldoutRow[] = [];
  const problems: string[] = [];
  const row = (of: Signature, from: SourceRow): Row =>
    of.features.map((feature) => readFeature(feature, from.values[columnOf(feature.name)], format === 'csv'));
  for await (const from of source.rows) {
    try {
      if (from.problem !== undefined) throw new ValueError(from.problem);
      rows.push({
        at: from.at,
        before: row(before, from),
        after: row(after, from),
        ...(label !== undefined && { label: readLabel(before, label, from.values[columnOf(label)]) }),
      });
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
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
