import { exampleMismatch, type ObservedPrediction } from '../../onnx/batch/example-mismatch.ts';
import type { Example } from '../../onnx/signature/model-json.ts';
import type { CallOptions } from '../../client/index.ts';
import { paths, type ModelList } from '../../service/contract/index.ts';
import { Failure } from '../failure.ts';
import { toJson } from '../json.ts';
import { predictionsPath, projectModels, type ProjectModel } from '../project/models.ts';
import type { ExecContext } from '../tools/exec.ts';
import { quote } from '../tools/quote.ts';
import type { Skip } from '../terminal/steps.ts';
import { apiKey, connect, orFailure, patient } from './connection.ts';

export interface PredictOptions extends Pick<CallOptions, 'retries' | 'timeout'> {
  /** The service's base URL, without a trailing slash. */
  readonly url: string;
  /** Such as `/models/iris/predictions`. */
  readonly path: string;
  /** JSON text: an object, or an array of objects. */
  readonly body: string;
}

/** Formats the curl command that sends the same request. The shell inserts the API key from its environment. */
export function curlLine({
  url,
  path,
  ...sent
}: { readonly url: string; readonly path: string } & ({ readonly body: string } | { readonly file: string })): string {
  const auth = apiKey() === undefined ? '' : ' -H "Authorization: Bearer $API_KEY"';
  const data = quote(['body' in sent ? sent.body : `@${sent.file}`]);
  return `curl ${url}${path} -H 'content-type: application/json'${auth} -d ${data}`;
}

/**
 * Sends one request and returns the response's JSON.
 * @throws {Failure} if the service rejects the request or cannot be reached
 */
export async function predict(context: ExecContext, { url, path, ...options }: PredictOptions): Promise<unknown> {
  context.report.command(curlLine({ url, path, body: options.body }));
  return orFailure(url, connect(context, url).request(path, options));
}

/** The prediction of a model for its first example, which was the expected one. */
export interface Asserted {
  readonly model: string;
  readonly version: string;
  readonly answer: unknown;
  /** From sending the request to the whole response. */
  readonly milliseconds: number;
  /** The request: JSON text, and the path that it was sent to. */
  readonly body: string;
  readonly path: string;
}

/** Proves that the whole path works. */
export interface Proof {
  /** The default model first, then the latest versions of the others. */
  readonly asserted: readonly Asserted[];
  /** Models that could not be asserted. */
  readonly withoutExamples: readonly ProjectModel[];
}

/**
 * Sends the first example of every model and version that has examples, and checks the predictions. Also sends the
 * default model's example to the path without a name.
 */
export async function assertPredictions(context: ExecContext, url: string, skip: Skip): Promise<Proof> {
  const models = await projectModels(context.root);
  const latest = models.filter(({ isLatest }) => isLatest);
  const standard = latest.length === 1 ? latest[0]?.name : await defaultModel(context, url);
  const rank = ({ name, isLatest }: ProjectModel): number => (!isLatest ? 2 : name === standard ? 0 : 1);
  const asserted: Asserted[] = [];
  const withoutExamples: ProjectModel[] = [];
  for (const model of models.toSorted((a, b) => rank(a) - rank(b))) {
    if (model.examples.length === 0) {
      withoutExamples.push(model);
      continue;
    }
    const paths = rank(model) === 0 ? [predictionsPath(), predictionsPath(model)] : [predictionsPath(model)];
    const [first] = await Promise.all(paths.map((path) => assertPrediction(context, url, model, path)));
    if (first !== undefined) asserted.push(first);
  }
  if (asserted.length === 0) skip('no model has examples');
  return { asserted, withoutExamples };
}

/** Returns the model that serves POST /predictions; undefined if there is none. */
export async function defaultModel(context: ExecContext, url: string): Promise<string | undefined> {
  const list = await orFailure(url, connect(context, url).request(paths.models, patient));
  return (list as Partial<ModelList>).default;
}

/** Sends a model's first example and checks the prediction. @throws {Failure} if it differs from that of model.json */
export async function assertPrediction(
  context: ExecContext,
  url: string,
  model: ProjectModel,
  path = predictionsPath(model),
): Promise<Asserted> {
  const { name, version } = model;
  const [example] = examplesOf(model);
  const options = { url, path, body: toJson(example.input), ...patient };
  const started = performance.now();
  const answer = await predict(context, options);
  const milliseconds = performance.now() - started;
  const difference = exampleMismatch(example, answer as ObservedPrediction);
  if (difference !== undefined) {
    throw new Failure(`The model ${name} does not predict its first example as its model.json says: ${difference}.`, {
      details: [`sent     ${options.body}`, `received ${toJson(answer)}`],
      hint: 'Check that model.onnx and model.json belong together, and that the URL is that of the service.',
    });
  }
  return { model: name, version, answer, milliseconds, body: options.body, path };
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
