/** A row of a file. */
export interface SourceRow {
  /** The line where the row begins, or its number in a JSON array. Counts from 1. */
  readonly at: number;
  /** The values by column. In CSV they are texts. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Why the row is not valid, such as `is 3, not an object`. */
  readonly problem?: string;
}

export interface RowSource {
  /** The file's name, or `standard input`. */
  readonly name: string;
  readonly format: 'csv' | 'json';
  /** What the rows' `at` counts. */
  readonly unit: 'line' | 'row';
  /** The header of a CSV file. Undefined for JSON. */
  readonly columns?: readonly string[];
  /**
   * Whether the file is JSON without an array around the rows, so that a single row's result is written without one.
   */
  readonly bare: boolean;
  readonly rows: AsyncIterable<SourceRow>;
  /** Returns how much of the file was read, from 0 to 1, or undefined if its size is not known. */
  share(): number | undefined;
}
