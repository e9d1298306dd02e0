/** A prop whose value would make manifests that a cluster rejects, or that do not work there. */
export interface InvalidProp {
  /** Path of the prop, as written in code: `resources.memory.limit`. */
  readonly prop: string;
  /** The value that was passed. */
  readonly value: unknown;
  /** What is wrong with the value. Continues a sentence that starts with the value: `is not a valid node port`. */
  readonly reason: string;
  /** What to do instead, as a sentence. */
  readonly fix: string;
}

/** Stops synthesis. Lists every invalid prop of one construct, not only the first. */
export class InvalidPropsError extends Error {
  override readonly name = 'InvalidPropsError';
  /** The construct's type and its name in the manifests: `PredictionService 'iris-server'`. */
  readonly construct: string;
  /** The invalid props, in the order in which they are checked; at least one. */
  readonly invalidProps: readonly InvalidProp[];

  constructor(construct: string, invalidProps: readonly InvalidProp[]) {
    const lines = invalidProps.map(
      ({ prop, value, reason, fix }) => `  ${prop}: ${shown(value)} ${reason}.\n    ${fix}`,
    );
    const count = `${invalidProps.length} invalid ${invalidProps.length === 1 ? 'prop' : 'props'}`;
    super([`${construct} has ${count}:`, ...lines].join('\n'));
    this.construct = construct;
    this.invalidProps = invalidProps;
  }
}

/** JSON has neither bigints nor NaN, and nothing for what is undefined. */
const shown = (value: unknown): string =>
  typeof value === 'object' || typeof value === 'string' ? JSON.stringify(value) : `${value as number}`;
