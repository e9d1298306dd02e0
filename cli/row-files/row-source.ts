/** One row of a file. */
export interface SourceRow {
  /** Where it stands, from 1: the line where it begins, or in a JSON array which one it is. */
  readonly at: number;
  /** By column; texts where the file is CSV. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Why it is no row. */
  readonly problem?: string;
}

export interface RowSource {
  /** As people call it. */
  readonly name: string;
  readonly format: 'csv' | 'json';
  /** What `at` counts. */
  readonly unit: 'line' | 'row';
  /** The header of a CSV file. */
  readonly columns?: readonly string[];
  /** JSON without an array around it: one row is answered by one object. */
  readonly bare: boolean;
  readonly rows: AsyncIterable<SourceRow>;
  /** How much of it was read, from 0 to 1; undefined where nobody knows how much there is. */
  share(): number | undefined;
}
