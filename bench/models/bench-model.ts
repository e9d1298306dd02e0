import { InferenceSession, Tensor } from 'onnxruntime-node';
import { seededRandom } from '../../onnx/seeded-random.ts';

/** A model that the benchmarks serve. */
export interface BenchModel {
  readonly name: string;
  /** The folder that MODELS_DIR names. */
  readonly modelsDir: string;
  /** The file as the training library exported it. */
  readonly file: string;
  /** The same with tensors as outputs, as onnxruntime-node needs them. */
  readonly tensorFile: string;
  readonly input: string;
  /** The shape of one row of the input, which is float32. */
  readonly rowShape: readonly number[];
  /** The features of `/predictions`, in the input's order; empty if the model has no table of features. */
  readonly features: readonly string[];
  /** The lowest and the highest plausible value of each feature; 0 and 1 if there is none. */
  readonly ranges: readonly (readonly [number, number])[];
  /** The classes that the labels are indices of; empty if the model does not classify. */
  readonly classes: readonly string[];
}

/** Rows of a model, and what it returns for them. */
export interface Sample {
  readonly rows: number;
  readonly cells: Float32Array;
  readonly outputs: Readonly<Record<string, SampleOutput>>;
}

export interface SampleOutput {
  readonly data: readonly number[];
  readonly dtype: string;
}

/** Returns rows with values in the model's ranges, always the same ones, and the outputs of the model for them. */
export async function sampleOf(model: BenchModel, rows: number): Promise<Sample> {
  const random = seededRandom(rows);
  const perRow = model.rowShape.reduce((product, size) => product * size, 1);
  // Two digits after the point, so that JSON bodies look like those of a client.
  const cells = Float32Array.from({ length: rows * perRow }, (_, index) => {
    const [low, high] = model.ranges[index % perRow] ?? [0, 1];
    return Math.round((low + random() * (high - low)) * 100) / 100;
  });
  const session = await InferenceSession.create(model.tensorFile, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const outputs = await session.run({ [model.input]: new Tensor('float32', cells, [rows, ...model.rowShape]) });
  const sampled = Object.entries(outputs).map(([name, { data, type }]) => [
    name,
    { dtype: type, data: Array.from(data as Iterable<number | bigint>, Number) },
  ]);
  await session.release();
  return { rows, cells, outputs: Object.fromEntries(sampled) as Sample['outputs'] };
}
