import { exampleMismatch, type ObservedPrediction } from '../../onnx/batch/example-mismatch.ts';
import type { Example } from '../../onnx/signature/model-json.ts';
import { paths, type ModelList } from '../../service/contract/index.ts';
import { Failure } from '../failure.ts';
import { toJson } from '../json.ts';
import { predictionsPath, projectModels, type ProjectModel } from '../project/models.ts';
import type { Skip } from '../terminal/steps.ts';
import type { ExecContext } from '../tools/exec.ts';
import { connect, orFailure, patient } from './connection.ts';
import { predict } from './predict.ts';

/** A model that predicted its first example correctly. */
export interface VerifiedModel {
  readonly model: string;
  readonly version: string;
  /** The service's response. */
  readonly prediction: unknown;
  /** How long the request took. */
  readonly milliseconds: number;
  /** The request: JSON text, and the path that it was sent to. */
  readonly body: string;
  readonly path: string;
}

/** Shows that the deployed models work. */
export interface ModelsVerification {
  /** The default model first, then the latest versions of the others. */
  readonly verified: readonly VerifiedModel[];
  /** Models that could not be verified. */
  readonly withoutExamples: readonly UnverifiedModel[];
}

/** A model without examples. */
export interface UnverifiedModel extends ProjectModel {
  /** What the service knows about it: whether it ran on a generated input at all. */
  readonly notVerified?: string;
}

/** For models that are not in this folder: each replica has run their examples before it became ready. */
export function verifiedByReplicas(skip: Skip): ModelsVerification {
  skip('the models are in a volume; each replica has run their examples');
  return { verified: [], withoutExamples: [] };
}

/**
 * Sends the first example of every model and version that has examples, and checks the predictions. The default model's
 * example is also sent to the path without a model's name.
 * @param compares whether predictions must be those of model.json. A canary that shares the requests may have others.
 */
export async function verifyModels(
  context: ExecContext,
  url: string,
  skip: Skip,
  compares = true,
): Promise<ModelsVerification> {
  const models = await projectModels(context.root);
  const latest = models.filter(({ isLatest }) => isLatest);
  const list =
    models.every(({ examples }) => examples.length > 0) && latest.length === 1
      ? undefined
      : await listModels(context, url);
  const standard = latest.length === 1 ? latest[0]?.name : list?.default;
  const rank = ({ name, isLatest }: ProjectModel): number => (!isLatest ? 2 : name === standard ? 0 : 1);
  const verified: VerifiedModel[] = [];
  const withoutExamples: UnverifiedModel[] = [];
  for (const [index, model] of models.toSorted((a, b) => rank(a) - rank(b)).entries()) {
    context.report.share(index / models.length);
    if (model.examples.length === 0) {
      const entry = list?.models?.find(({ name, version }) => name === model.name && version === model.version);
      const notVerified = entry?.state === 'loaded' ? entry.not_verified : undefined;
      withoutExamples.push({ ...model, ...(notVerified !== undefined && { notVerified }) });
      continue;
    }
    const paths = rank(model) === 0 ? [predictionsPath(), predictionsPath(model)] : [predictionsPath(model)];
    const [first] = await Promise.all(paths.map((path) => verifyModel(context, url, model, path, compares)));
    if (first !== undefined) verified.push(first);
  }
  if (verified.length === 0) skip('no model has examples');
  return { verified, withoutExamples };
}

/** Returns the model that serves POST /predictions; undefined if there is none. */
export async function defaultModel(context: ExecContext, url: string): Promise<string | undefined> {
  return (await listModels(context, url)).default;
}

async function listModels(context: ExecContext, url: string): Promise<Partial<ModelList>> {
  return (await orFailure(url, connect(context, url).request(paths.models, patient))) as Partial<ModelList>;
}

/** Sends a model's first example and checks the prediction. @throws {Failure} if it differs from that of model.json */
export async function verifyModel(
  context: ExecContext,
  url: string,
  model: ProjectModel,
  path = predictionsPath(model),
  compares = true,
): Promise<VerifiedModel> {
  const { name, version } = model;
  const [example] = examplesOf(model);
  const options = { url, path, body: toJson(example.input), ...patient };
  const started = performance.now();
  const prediction = await predict(context, options);
  const milliseconds = performance.now() - started;
  const difference = exampleMismatch(example, prediction as ObservedPrediction);
  if (compares && difference !== undefined) {
    throw new Failure(`The model ${name} does not predict its first example as its model.json says: ${difference}.`, {
      details: [`sent     ${options.body}`, `received ${toJson(prediction)}`],
      hint: 'Check that model.onnx and model.json belong together, and that the URL is that of the service.',
    });
  }
  return { model: name, version, prediction, milliseconds, body: options.body, path };
}

/** Returns a model's examples. @throws {Failure} if it has none */
export function examplesOf({ folder, examples }: ProjectModel): readonly [Example, ...Example[]] {
  const [first, ...others] = examples;
  if (first === undefined)
    throw new Failure(`models/${folder}/model.json has no examples.`, {
      hint:
        'Add one, with "input" and "prediction". ' +
        'To send your own rows, use `rhizome predict` with --json or --file.',
    });
  return [first, ...others];
}
