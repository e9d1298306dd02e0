import type { Prediction } from '../../onnx/batch/decode-predictions.ts';
import type { DistributionJson } from '../../onnx/signature/distribution.ts';
import type { Row } from '../../onnx/signature/cells.ts';
import { largestFloat } from '../../onnx/signature/dtypes.ts';
import type { FeatureJson } from '../../onnx/signature/model-json.ts';
import type { Feature, Signature } from '../../onnx/signature/signature.ts';
import { Failure, UsageError } from '../failure.ts';
import { listNames } from '../row-files/match-columns.ts';
import { openRows } from '../row-files/open-rows.ts';
import { readFeature, readLabel, ValueError } from '../row-files/read-value.ts';
import type { RowSource, SourceRow } from '../row-files/row-source.ts';
import { Agreement } from './agreement.ts';
import { FeatureFacts, mostChoices } from './feature-facts.ts';
import { matchFeatures, type MatchedFeatures } from './match-features.ts';
import { PredictedRows, type TrainingRow } from './predicted-rows.ts';

export interface TrainingDataOptions {
  readonly file: string;
  /** The column with the true values. @default none: the predictions are not compared */
  readonly target?: string | undefined;
  /** Whether the user named the features. */
  readonly named: boolean;
  /** Returns one prediction per row. */
  readonly predict: (rows: readonly Row[]) => Promise<readonly Prediction[]>;
}

/** What a training file says about a model. */
export interface TrainingData {
  /** In the model's order. */
  readonly features: readonly FeatureJson[];
  /** How the model's predictions for the rows are distributed. */
  readonly distribution?: DistributionJson;
  /** Rows to record examples from. */
  readonly samples: readonly Row[];
  /** The file's name. */
  readonly file: string;
  readonly rows: number;
  /** How many rows were not run, because values are missing that the model needs. */
  readonly incomplete: number;
  /** How the predictions compare with the true values. Undefined without a target. */
  readonly agreement?: Agreement;
  /** What was decided, in sentences. */
  readonly notes: readonly string[];
}

/** How many invalid values are listed. */
const mostListed = 10;

/**
 * Reads a training file: names, units, ranges, choices and distributions of the features, and rows to record examples
 * from, which the model predicts.
 *
 * @throws {UsageError} if columns are missing
 * @throws {Failure} if values do not fit the model, or it does not run on any row
 */
export async function readTrainingData(signature: Signature, options: TrainingDataOptions): Promise<TrainingData> {
  const { target, named, predict } = options;
  if (target !== undefined && signature.output.task === 'tensors')
    throw new UsageError("--target does not apply: the model's outputs are tensors, not a single value to compare.", {
      hint: 'Leave out --target.',
    });
  const source = await openRows(options.file);
  const { first, rows } = await withFirst(source);
  const columns = source.columns ?? Object.keys(first.values);
  const matched = matchFeatures({ file: source.name, columns, target }, signature.features, named);
  const reader = new TrainingRows(signature, source, matched, target);
  const predicted = new PredictedRows(signature, predict, target === undefined ? undefined : new Agreement());
  for await (const row of rows) {
    const read = reader.read(row);
    if (read !== undefined && reader.problems === 0) await predicted.add(read);
  }
  reader.throwIfAny();
  await predicted.end();
  if (predicted.ran === 0 && predicted.failure !== undefined) {
    const { at, reason } = predicted.failure;
    throw new Failure(`The model did not run on any row of ${source.name}; ${source.unit} ${String(at)}: ${reason}`, {
      hint: 'Check that the file has the values that the model was trained with.',
    });
  }
  const agreement = predicted.agreement;
  if (target !== undefined) checkClasses(signature, source, target, agreement);
  const { distribution } = predicted;
  const answered = signature.features.map((_, index) => predicted.acceptsMissing(index));
  return {
    features: matched.features.map(({ json }, index) => ({
      ...json,
      ...reader.facts[index]?.json,
      ...(answered[index] === true && { nullable: true }),
    })),
    ...(distribution && { distribution }),
    samples: predicted.samples,
    file: source.name,
    rows: reader.rows,
    incomplete: reader.incomplete + predicted.unanswered,
    ...(agreement && { agreement }),
    notes: [...matched.notes, ...notes(source, matched, reader, predicted)],
  };
}

/** Returns the first row, too, since the columns of JSON are those of its first row. */
async function withFirst({ name, rows }: RowSource): Promise<{ first: SourceRow; rows: AsyncIterable<SourceRow> }> {
  const iterator = rows[Symbol.asyncIterator]();
  const first = await iterator.next();
  if (first.done === true)
    throw new Failure(`${name} has no rows.`, { hint: 'Pass the file that the model was trained with.' });
  const all = async function* (): AsyncGenerator<SourceRow> {
    yield first.value;
    yield* { [Symbol.asyncIterator]: () => iterator };
  };
  return { first: first.value, rows: all() };
}

/** What pandas, R and others write for a missing value. */
const missing = /^\s*(n\/?a|<na>|nan|null|none|\?)?\s*$/i;

/** Reads the rows of a training file, and collects what they show. */
class TrainingRows {
  readonly facts: readonly FeatureFacts[];
  /** All rows. */
  rows = 0;
  /** Those without a value that cannot be missing. */
  incomplete = 0;
  /** How many do not fit. */
  problems = 0;
  readonly #signature: Signature;
  readonly #source: RowSource;
  readonly #columns: readonly string[];
  readonly #target: string | undefined;
  readonly #listed: string[] = [];

  constructor(signature: Signature, source: RowSource, { features }: MatchedFeatures, target: string | undefined) {
    this.#signature = signature;
    this.#source = source;
    this.#columns = features.map(({ column }) => column);
    this.#target = target;
    this.facts = signature.features.map((feature) => new FeatureFacts(feature));
  }

  /** Returns undefined for a row without a value that cannot be missing, or with one that does not fit. */
  read({ at, values, problem }: SourceRow): TrainingRow | undefined {
    this.rows++;
    try {
      if (problem !== undefined) throw new ValueError(problem);
      const cells = this.#signature.features.map((feature, index) => {
        const cell = this.#read({ ...feature, name: this.#columns[index] ?? '' }, values[this.#columns[index] ?? '']);
        if (cell !== undefined) this.facts[index]?.add(cell);
        return cell;
      });
      const label = this.#target === undefined ? undefined : values[this.#target];
      const isClass = this.#signature.output.task === 'classifier';
      const hasLabel =
        label !== undefined &&
        label !== null &&
        (typeof label !== 'string' || (isClass ? label.trim() !== '' : !missing.test(label)));
      const row = cells.filter((cell) => cell !== undefined);
      if (row.length < cells.length) {
        this.incomplete++;
        return undefined;
      }
      return { at, row, ...(hasLabel && { label: readLabel(this.#signature, this.#target ?? '', label) }) };
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      this.problems++;
      if (this.#listed.length < mostListed) this.#listed.push(`${this.#source.unit} ${String(at)}: ${error.message}`);
      return undefined;
    }
  }

  /** Reads a value. A missing one is NaN if the feature is a float, otherwise undefined. */
  #read(feature: Feature, value: unknown): Row[number] | undefined {
    const isText = this.#source.format === 'csv';
    const isMissing =
      value === null ||
      value === undefined ||
      (typeof value === 'string' && (feature.dtype === 'string' ? value.trim() === '' : missing.test(value)));
    if (!isMissing) return readFeature(feature, value, isText);
    return feature.shape.length === 0 && largestFloat(feature.dtype) !== undefined ? NaN : undefined;
  }

  /** @throws {Failure} if values do not fit, naming the first ones */
  throwIfAny(): void {
    if (this.problems === 0) return;
    const more = this.problems - this.#listed.length;
    throw new Failure(
      `${String(this.problems)} of ${String(this.rows)} rows of ${this.#source.name} do not fit the model.`,
      {
        details: [...this.#listed, ...(more > 0 ? [`… and ${String(more)} more`] : [])],
        hint: 'Correct these rows. If the model was trained on encoded values, the file must have those, too.',
      },
    );
  }
}

/** A file with other names for the classes would make every prediction wrong. */
function checkClasses(
  { output }: Signature,
  { name }: RowSource,
  target: string,
  agreement: Agreement | undefined,
): void {
  if (output.task !== 'classifier' || agreement === undefined || agreement.labels.size === 0) return;
  if (output.classes.some((each) => agreement.labels.has(each))) return;
  const labels = [...agreement.labels].toSorted();
  throw new UsageError(
    `The column ${target} of ${name} has none of the model's classes ${listNames(output.classes)}: ` +
      `it has ${listNames(labels)}.`,
    {
      hint:
        labels.length === output.classes.length && !labels.some((label) => label.includes(','))
          ? "Name the classes in the order of the model's labels; scikit-learn sorts them: " +
            `--classes ${labels.join(',')}`
          : 'Pass the column with the classes as --target.',
    },
  );
}

function notes(
  { name, unit }: RowSource,
  { features }: MatchedFeatures,
  { facts, rows, incomplete }: TrainingRows,
  { failed, failure, unanswered, skipped, acceptsMissing }: PredictedRows,
): string[] {
  const named = (is: (index: number) => boolean): string[] =>
    features.filter((_, index) => is(index)).map(({ json }) => json.name);
  const nullable = named((index) => acceptsMissing(index));
  const texts = named((index) => facts[index]?.hasTooManyChoices === true);
  const left = incomplete + unanswered;
  return [
    ...(nullable.length === 0 ? [] : [`Some values are missing, and may be in requests: ${listNames(nullable)}.`]),
    ...(left === 0
      ? []
      : [
          `${left.toLocaleString('en')} of ${rows.toLocaleString('en')} rows were left out: ` +
            'they lack values that the model needs.',
        ]),
    ...(texts.length === 0
      ? []
      : [`No choices, since there are more than ${String(mostChoices)} different texts: ${listNames(texts)}.`]),
    ...(skipped === 0
      ? []
      : [`The last ${skipped.toLocaleString('en')} rows were not run, since the others took long.`]),
    ...(failure === undefined
      ? []
      : [
          `The model did not run on ${String(failed)} of the rows of ${name}; the first is ${unit} ` +
            `${String(failure.at)}: ${failure.reason}`,
        ]),
  ];
}
