/** One prop that would make manifests which fail, or lie, on a cluster. */
export interface Problem {
  /** Path of the prop, as one would write it: `resources.memory.limit`. */
  readonly prop: string;
  /** The value that came. */
  readonly value: unknown;
  /** What is wrong with it. */
  readonly reason: string;
  /** What to write instead. */
  readonly fix: string;
}

/** Synthesis stops: every invalid prop of one construct, at once. */
export class InvalidPropsError extends Error {
  override readonly name = 'InvalidPropsError';
  /** The construct's name in the manifests. */
  readonly construct: string;
  readonly problems: readonly Problem[];

  constructor(construct: string, problems: readonly Problem[]) {
    const lines = problems.map(
      ({ prop, value, reason, fix }) => `  ${prop}: ${JSON.stringify(value)} ${reason}; ${fix}`,
    );
    super(
      [`${construct}: ${problems.length} invalid ${problems.length === 1 ? 'prop' : 'props'}`, ...lines].join('\n'),
    );
    this.construct = construct;
    this.problems = problems;
  }
}
