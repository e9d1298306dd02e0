/** A median and its spread over the rounds of a run. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** What was measured, as it is written to JSON: one value per round for each key. */
export interface RecordedFigures {
  readonly rounds: Readonly<Record<string, readonly number[]>>;
  /** Why a subject could not be measured, or which of its responses were wrong. */
  readonly problems: Readonly<Record<string, readonly string[]>>;
  /** What this machine lacks to measure a subject. */
  readonly skipped: Readonly<Record<string, readonly string[]>>;
}

/**
 * Everything that one run has measured. A key is a path such as `iris/bare/64/rps`: the figure `rps` of the subject
 * `iris/bare/64`. Problems and skips belong to subjects, and affect all their figures.
 */
export class Figures {
  readonly #rounds = new Map<string, number[]>();
  readonly #problems: Reasons = new Map();
  readonly #skipped: Reasons = new Map();

  /** Adds the figures of one round of a subject. */
  add(subject: string, figures: Readonly<Record<string, number | undefined>>): void {
    for (const [name, value] of Object.entries(figures)) {
      if (value === undefined || Number.isNaN(value)) continue;
      const key = `${subject}/${name}`;
      const rounds = this.#rounds.get(key);
      if (rounds === undefined) this.#rounds.set(key, [value]);
      else rounds.push(value);
    }
  }

  /** Records why a subject's figures, or those of everything below it, are missing or of no use. */
  problem(subject: string, reason: string): void {
    append(this.#problems, subject, reason);
  }

  /** Records what the machine lacks to measure a subject, or everything below it. */
  skip(subject: string, reason: string): void {
    append(this.#skipped, subject, reason);
  }

  /** Returns the values of a figure, one per round; none if it was not measured. */
  rounds(key: string): readonly number[] {
    return this.#rounds.get(key) ?? [];
  }

  /** Returns the subjects that start with a prefix, in the order in which they were measured. */
  subjects(prefix: string): readonly string[] {
    const all = [...this.#rounds.keys()].map((key) => key.slice(0, key.lastIndexOf('/')));
    return [...new Set(all)].filter((subject) => subject.startsWith(prefix));
  }

  spread(key: string): Spread | undefined {
    return spreadOf(this.rounds(key));
  }

  /** Returns the problems of a figure's subject, and of the subjects above it. */
  problems(key: string): readonly string[] {
    return reasons(this.#problems, key);
  }

  /** Returns why a figure's subject, or a subject above it, was skipped. */
  skips(key: string): readonly string[] {
    return reasons(this.#skipped, key);
  }

  toJSON(): RecordedFigures {
    return {
      rounds: Object.fromEntries(this.#rounds),
      problems: Object.fromEntries(this.#problems),
      skipped: Object.fromEntries(this.#skipped),
    };
  }
}

/** By subject. */
type Reasons = Map<string, readonly string[]>;

function append(all: Reasons, subject: string, reason: string): void {
  all.set(subject, [...new Set([...(all.get(subject) ?? []), reason])]);
}

function reasons(all: Reasons, key: string): readonly string[] {
  const parts = key.split('/');
  return parts.flatMap((_, index) => all.get(parts.slice(0, index + 1).join('/')) ?? []);
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** Returns a percentile, interpolated between the two nearest values; NaN of no values. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = Float64Array.from(values).sort();
  const position = ((sorted.length - 1) * percent) / 100;
  const below = sorted[Math.floor(position)] ?? NaN;
  const above = sorted[Math.ceil(position)] ?? NaN;
  return below + (above - below) * (position - Math.floor(position));
}

export function spreadOf(values: readonly number[]): Spread | undefined {
  if (values.length === 0) return undefined;
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * Divides two figures round by round, so that a change of the machine's speed during the run affects both. Figures with
 * different numbers of rounds have no such pairs, and their medians are divided.
 */
export function ratioOf(numerator: readonly number[], denominator: readonly number[]): Spread | undefined {
  if (numerator.length === 0 || denominator.length === 0) return undefined;
  if (numerator.length !== denominator.length) return spreadOf([median(numerator) / median(denominator)]);
  return spreadOf(numerator.map((value, round) => value / (denominator[round] ?? NaN)));
}
