import { exampleMismatch, type ObservedPrediction } from '../../onnx/batch/example-mismatch.ts';
import type { Example } from '../../onnx/signature/model-json.ts';
import { paths, type ModelList } from '../../service/contract/index.ts';
import { Failure } from '../failure.ts';
import { parseJson, toJson } from '../json.ts';
import { predictionsPath, projectModels, type ProjectModel } from '../project/models.ts';
import type { ExecContext } from '../tools/exec.ts';
import { quote } from '../tools/quote.ts';
import type { Skip } from '../terminal/steps.ts';
import { ask, hasKey, refusal, type Question } from './connection.ts';

export interface PredictOptions extends Question {
  /** JSON text: one object or an array of them. */
  readonly body: string;
}

/** The line that does the same by hand. The key is left to the shell's environment. */
export function curlLine({
  url,
  path,
  ...sent
}: { readonly url: string; readonly path: string } & ({ readonly body: string } | { readonly file: string })): string {
  const auth = hasKey() ? ' -H "Authorization: Bearer $API_KEY"' : '';
  return `curl ${url}${path} -H 'content-type: application/json'${auth} -d ${quote(['body' in sent ? sent.body : `@${sent.file}`])}`;
}

/** Sends one request. @returns the parsed answer @throws Failure with the service's own explanation, or where nothing answers */
export async function predict(context: ExecContext, options: PredictOptions): Promise<unknown> {
  context.report.command(curlLine(options));
  const reply = await ask(context, options);
  if (reply.status === 200) return parseJson(reply.text);
  throw refusal(reply, options.url);
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
 * Sends the first example of every model and version that has examples, and checks the predictions. Also sends the default
 * model's example to the path without a name.
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

/** The model that POST /predictions asks; undefined where there is none. */
export async function defaultModel(context: ExecContext, url: string): Promise<string | undefined> {
  const reply = await ask(context, { url, path: paths.models, patience: 10_000 });
  if (reply.status !== 200) throw refusal(reply, url);
  return (parseJson(reply.text) as Partial<ModelList>).default;
}

/** Sends one model's first example and checks the answer. */
export async function assertPrediction(
  context: ExecContext,
  url: string,
  model: ProjectModel,
  path = predictionsPath(model),
): Promise<Asserted> {
  const { name, version } = model;
  const [example] = examplesOf(model);
  const options = { url, path, body: toJson(example.input), patience: 10_000 };
  const started = performance.now();
  const answer = await predict(context, options);
  const milliseconds = performance.now() - started;
  const difference = exampleMismatch(example, answer as ObservedPrediction);
  if (difference !== undefined) {
    throw new Failure(
      `The model ${name} answers its first example otherwise than its model.json says: ${difference}.`,
      {
        details: [`sent ${options.body}`, `got  ${toJson(answer)}`],
        hint: 'Do model.onnx and model.json belong together? Does the URL lead to another program?',
      },
    );
  }
  return { model: name, version, answer, milliseconds, body: options.body, path };
}

/** A model's examples, at least one. @throws Failure */
export function examplesOf({ folder, examples }: ProjectModel): readonly [Example, ...Example[]] {
  const [first, ...others] = examples;
  if (first === undefined)
    throw new Failure(`models/${folder}/model.json has no examples.`, {
      hint: 'Add one ("input" and "prediction"); `rhizome predict` can send your own with --json or --file.',
    });
  return [first, ...others];
}
