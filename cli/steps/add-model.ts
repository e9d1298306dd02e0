import { existsSync } from 'node:fs';
import { cp, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { modelFolders } from '../../onnx/file/model-folders.ts';
import type { Example, FeatureJson, ModelJson } from '../../onnx/signature/model-json.ts';
import type { Model } from '../../onnx/model.ts';
import type { Row } from '../../onnx/signature/cells.ts';
import type { Size } from '../../onnx/signature/image.ts';
import type { GuessedTexts } from '../../onnx/signature/guess-texts.ts';
import { described } from '../../onnx/signature/features.ts';
import type { Signature } from '../../onnx/signature/signature.ts';
import { Failure, reasonOf } from '../failure.ts';
import { packageFolder, program } from '../own-package.ts';
import { includeWeights } from '../scaffold/ignore-files.ts';
import { readTrainingData, type TrainingData, type TrainingDataOptions } from '../training-data/training-data.ts';
import { copyModel } from './copy-model.ts';
import { findTokenizer } from './find-tokenizer.ts';
import { guessedImage } from './guess-image.ts';
import { moveIn, type Moved } from './move-model.ts';
import { loadApart } from './load-engine.ts';

export interface AddOptions {
  /** The path of the exported file. */
  readonly file: string;
  readonly name: string;
  /** A number. Adds the model as a version next to others. @default the model has no versions */
  readonly version?: string;
  /** Names of the columns, in their order. @default those of the graph */
  readonly features?: readonly string[];
  /** Names of the classes, in the order of the labels. @default the labels */
  readonly classes?: readonly string[];
  /** Whether its input is an image, and the height and width to which images are resized. @default it is not */
  readonly image?: { readonly size: Size | undefined };
  /** The file that the model was trained with. @default the examples are generated */
  readonly data?: string;
  /** Its column with the true values. @default none */
  readonly target?: string;
  /** Whether to replace an existing model, or version, of this name. @default false */
  readonly force?: boolean;
}

export interface AddedModel extends Moved, Described {
  readonly folder: string;
  /** What was guessed because of the tokenizer next to the model; undefined if there is none. */
  readonly texts?: GuessedTexts;
  /** Files next to the model that hold its weights. */
  readonly weights: readonly string[];
  /** The project's ignore files that were changed, so that the image contains the weights. */
  readonly changed: readonly string[];
}

/** What is known about a model that has been added. */
interface Described {
  readonly signature: Signature;
  /** Why nothing shows that the model works; undefined if examples were recorded. */
  readonly notVerified?: string;
  /** Whether the model did not run on any generated input. */
  readonly neverRan: boolean;
  /** The seconds after which recording stopped, if it did because they were over. */
  readonly stoppedAfter?: number;
  /** What the training file says. */
  readonly data?: TrainingData;
}

/**
 * Adds a model as models/NAME or models/NAME/VERSION: the unchanged file, and a model.json with what is known from the
 * graph and two examples, recorded by running the model. The folder appears only when it is complete.
 * @throws {Failure} if the folder exists already, or the model cannot be served
 */
export async function addModel(
  root: string,
  { file, name, version, features, classes, image, data, target, force = false }: AddOptions,
): Promise<AddedModel> {
  const folder = ['models', name, ...(version === undefined ? [] : [version])].join('/');
  await checkFree(root, folder, { name, version, force });
  // On the same file system, so that it can be moved; hidden, so that the service ignores it.
  const draft = join(root, 'models', `.${name}-${String(process.pid)}`);
  try {
    const weights = await copyModel(file, draft);
    const tokenizer = await findTokenizer(file);
    if (tokenizer !== undefined) await cp(tokenizer.file, join(draft, 'tokenizer.json'), { dereference: true });
    const texts = tokenizer?.texts;
    const given: ModelJson = {
      name,
      version: version ?? '1',
      ...texts,
      ...(features && { features: features.map((name, index) => ({ ...texts?.features[index], name })) }),
      ...(classes && { classes }),
      ...(image && (await guessedImage(join(draft, 'model.onnx'), image.size, classes, file))),
    };
    const training = data === undefined ? undefined : { file: data, target, named: features !== undefined };
    const described = await describe(draft, given, { file, training, schema: schemaReference(join(root, folder)) });
    const moved = await moveIn(root, draft, { name, version });
    return {
      folder,
      ...described,
      ...(texts && { texts }),
      weights,
      ...moved,
      changed: await includeWeights(root, folder, weights),
    };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Generates rows as requests have them. */
async function* generated(model: Model): AsyncGenerator<readonly Row[]> {
  // Encoded values are texts here, which rows may have.
  const decodes = model.signature.features.some(({ decode }) => decode);
  for (const rows of model.takeRows(decodes ? DECODED_ROWS : ROWS)) yield (await model.asSent(rows)) as readonly Row[];
}

/** @throws {Failure} if a model would be overwritten, or hidden by another one */
async function checkFree(
  root: string,
  folder: string,
  { name, version, force }: Required<Pick<AddOptions, 'name' | 'force'>> & { readonly version: string | undefined },
): Promise<void> {
  const existing = existsSync(join(root, 'models'))
    ? (await modelFolders(join(root, 'models'))).filter((model) => model.name === name)
    : [];
  const versions = existing.flatMap((model) => model.version ?? []);
  if (version === undefined && versions.length > 0) {
    const next = String(BigInt(versions.at(-1) ?? '0') + 1n);
    throw new Failure(
      `models/${name} has ${versions.length === 1 ? 'the version' : 'the versions'} ${versions.join(', ')}.`,
      { hint: `Add the next one with --version ${next}, or choose another --name.` },
    );
  }
  if (existsSync(join(root, folder)) && !force)
    throw new Failure(`${folder} exists already.`, {
      hint:
        `Choose another ${version === undefined ? '--name, add the model as a --version' : '--version'}, ` +
        'or replace it with --force.',
    });
}

/** The rows from which two examples are chosen. */
const ROWS = 64;
/** The same of models that decode images, which are slower. */
const DECODED_ROWS = 12;

interface Sources {
  /** The exported file. */
  readonly file: string;
  readonly training: Omit<TrainingDataOptions, 'predict'> | undefined;
  /** The reference to the schema of `model.json`. */
  readonly schema: { readonly $schema?: string };
}

/** Puts each array of numbers on one line: people read and change this file. */
const withShortLists = (json: string): string =>
  json.replace(/\[\n\s*([-\d.e+,\s]+?)\s*\]/g, (_, numbers: string) => `[${numbers.split(/,\s*/).join(', ')}]`);

/** Writes model.json next to the model, and verifies that the model reproduces its examples. */
async function describe(folder: string, given: ModelJson, { file, training, schema }: Sources): Promise<Described> {
  // Imported here, since the runtime is large, and other commands don't need it.
  const [model, { recordExamples, recordingBudgetMs }, engine] = await Promise.all([
    import('../../onnx/model.ts'),
    import('../../onnx/batch/record-examples.ts'),
    loadApart(),
  ]);
  const write = (json: object): Promise<void> =>
    writeFile(join(folder, 'model.json'), `${withShortLists(JSON.stringify(json, null, 2))}\n`);
  const load = (): Promise<Model> => model.Model.load(folder, engine, { threads: 1, samples: true });
  try {
    await write(given);
    const bare = await load();
    const { signature, notVerified, neverRan } = bare;
    const data =
      training &&
      (await readTrainingData(signature, { ...training, predict: (rows) => bare.predict(rows) }).catch(
        async (error: unknown) => {
          await bare.release();
          throw error;
        },
      ));
    const features: readonly FeatureJson[] = (data?.features ?? signature.features.map(({ name }) => ({ name }))).map(
      (feature, index) => ({
        ...feature,
        ...decodeOf(signature.features[index]?.decode?.image ? signature.features[index] : given.features?.[index]),
      }),
    );
    const started = performance.now();
    const examples = await recordExamples(
      { ...signature, features: signature.features.map((feature, index) => described(feature, features[index])) },
      data === undefined ? generated(bare) : [data.samples],
      // One by one, like requests with one row.
      async (row) => (await bare.predict([row]))[0],
    );
    const stopped = performance.now() - started > recordingBudgetMs;
    await bare.release();
    const json = {
      ...schema,
      ...given,
      features,
      ...(signature.output.task === 'classifier' && { classes: signature.output.classes }),
      ...(data?.distribution && { distribution: data.distribution }),
    };
    const facts = {
      neverRan: neverRan && data === undefined,
      ...(stopped && { stoppedAfter: recordingBudgetMs / 1000 }),
      ...(data && { data }),
    };
    if (examples.length === 0) {
      await write(json);
      return { signature, ...facts, ...(notVerified !== undefined && { notVerified }) };
    }
    const writeAndVerify = async (some: readonly Example[]): Promise<Described> => {
      await write({ ...json, examples: some });
      const whole = await load();
      await whole.verify().finally(() => whole.release());
      return { signature: whole.signature, ...facts };
    };
    return await writeAndVerify(examples).catch((error: unknown) => {
      // The predictions of a dynamically quantized model depend on the other rows of the batch: then only one example
      // is reproducible.
      if (examples.length < 2 || !(error instanceof model.VerificationError)) throw error;
      return writeAndVerify(examples.slice(0, 1));
    });
  } catch (cause) {
    if (cause instanceof Failure) throw cause;
    throw new Failure(`${file} cannot be served: ${reasonOf(cause)}`, {
      cause,
      hint: '`rhizome inspect` describes the model, and docs/models.md of Rhizome lists what can be served.',
    });
  }
}

/** Returns how a feature is decoded, as `model.json` has it. */
const decodeOf = ({ decode }: Partial<FeatureJson> = {}): Pick<FeatureJson, 'decode'> => (decode ? { decode } : {});

/** Returns a reference for editors to the JSON schema of this Rhizome version, relative to the model.json. */
function schemaReference(folder: string): { readonly $schema?: string } {
  const schema = join(dirname(program('onnx/model')), 'signature/model.schema.json');
  const path = relative(folder, schema);
  const root = folder.slice(0, folder.lastIndexOf(`${join('/', 'models')}/`));
  return packageFolder.startsWith(root) ? { $schema: path.replaceAll('\\', '/') } : {};
}
