/** The values of a variable that is on or off. */
export const booleans = ['true', 'false'] as const;

/** An environment variable. `--help`, the validation of the configuration and the manifests all use these. */
export interface Variable {
  /** The value if it is unset. Without a default, the description says what happens. */
  readonly default?: string;
  /** Such as `seconds` or `bytes`, for `--help`. */
  readonly unit?: string;
  /** The only values that it can have. */
  readonly values?: readonly string[];
  readonly description: string;
}
