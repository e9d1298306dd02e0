/** A value cannot be decoded. The message says why, in a sentence. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
  /** What could be decoded. */
  readonly expected: string;

  constructor(message: string, expected: string, options?: ErrorOptions) {
    super(message, options);
    this.expected = expected;
  }
}

/** A value that cannot be decoded, and its place. */
export interface UndecodableValue {
  readonly row: number;
  readonly feature: string;
  readonly error: DecodeError;
}

/** Values of some rows cannot be decoded. */
export class UndecodableRowsError extends Error {
  override readonly name = 'UndecodableRowsError';
  readonly values: readonly UndecodableValue[];

  constructor(values: readonly UndecodableValue[]) {
    super(values.map(({ feature, error }) => `${feature}: ${error.message}`).join(' '));
    this.values = values;
  }
}
