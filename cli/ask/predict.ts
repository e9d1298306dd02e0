import { exampleMismatch, type ObservedPrediction } from '../../onnx/batch/example-mismatch.ts';
import type { Example } from '../../onnx/signature/model-json.ts';
import { paths, type ModelList } from '../../service/contract/index.ts';
import { Failure } from '../failure.ts';
import { parseJson, toJson } from '../json.ts';
import { predictionsPath, projectModels, type ProjectModel } from '../project/models.ts';
import type { ExecContext } from '../tools/exec.ts';
import { quote } from '../tools/quote.ts';
import type { Skip } from '../terminal/steps.ts';
import { ask, hasKey, refusal, type Question } from './ask.ts';

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

/** What a model answered, and how to ask it by hand. */
export interface Asserted {
  readonly model: string;
  readonly version: string;
  readonly answer: unknown;
  readonly curl: string;
}

/** That the whole path works: what each model answers, and lines that ask. */
export interface Proof {
  readonly answers: readonly Omit<Asserted, 'curl'>[];
  /** At least one. */
  readonly curls: readonly string[];
}

/**
 * Sends the first example of every model, and version, that has any and checks the answers; the default model is also asked
 * without its name.
 */
export async function assertPredictions(context: ExecContext, url: string, skip: Skip): Promise<Proof> {
  const models = await projectModels(context.root);
  const latest = models.filter(({ isLatest }) => isLatest);
  const standard = latest.length === 1 ? latest[0]?.name : await defaultModel(context, url);
  const asserted: Asserted[] = [];
  for (const model of models.toSorted((a, b) => Number(b.isLatest) - Number(a.isLatest))) {
    if (model.examples.length === 0) {
      context.report.line(`models/${model.folder} has no examples to assert.`);
      continue;
    }
    const ways =
      model.name === standard && model.isLatest
        ? [predictionsPath(), predictionsPath(model)]
        : [predictionsPath(model)];
    const [first] = await Promise.all(ways.map((path) => assertPrediction(context, url, model, path)));
    if (first !== undefined) asserted.push(first);
  }
  if (asserted.length === 0) skip('no model has examples');
  return {
    answers: asserted.map(({ curl, ...answer }) => answer),
    curls: asserted.length === 0 ? [`curl ${url}${paths.models}`] : asserted.map(({ curl }) => curl),
  };
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
  const answer = await predict(context, options);
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
  context.report.line(`→ ${toJson(answer)}`);
  return { model: name, version, answer, curl: curlLine(options) };
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
