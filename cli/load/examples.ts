import { exampleMismatch, type ObservedPrediction } from '../../onnx/batch/example-mismatch.ts';
import { toJson } from '../json.ts';
import { predictionsPath, projectModel, projectModels, type ProjectModel } from '../project/models.ts';
import { keyHeader } from '../ask/connection.ts';
import { assertPrediction, examplesOf } from '../ask/predict.ts';
import type { ExecContext } from '../tools/exec.ts';
import type { LoadRequest } from './attempt.ts';

export interface ExampleLoad {
  /** Of the first request. */
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly requests: readonly LoadRequest[];
}

/** Models' examples as a load: every answer has to be the one that model.json says. @param asked by default all models, in turn */
export async function loadOfExamples(root: string, url: string, asked?: string): Promise<ExampleLoad> {
  return toLoad(url, await targets(root, asked));
}

/** The same, once each of the models has answered: a wrong URL, a missing key or a wrong model is one clear message here, and thousands of failures later. */
export async function assertedLoad(context: ExecContext, url: string, asked?: string): Promise<ExampleLoad> {
  const all = await targets(context.root, asked);
  for (const { model, path } of all) await assertPrediction(context, url, model, path);
  return toLoad(url, all);
}

interface Target {
  readonly model: ProjectModel;
  readonly path: string;
}

async function targets(root: string, asked: string | undefined): Promise<readonly Target[]> {
  if (asked !== undefined) {
    const model = await projectModel(root, asked);
    return [{ model, path: predictionsPath(model) }];
  }
  const latest = (await projectModels(root)).filter(({ isLatest }) => isLatest);
  if (latest.length < 2) return [{ model: await projectModel(root), path: predictionsPath() }];
  const withExamples = latest.filter(({ examples }) => examples.length > 0);
  return (withExamples.length > 0 ? withExamples : latest.slice(0, 1)).map((model) => ({
    model,
    path: predictionsPath(model),
  }));
}

function toLoad(url: string, all: readonly Target[]): ExampleLoad {
  const requests = all.flatMap(({ model, path }) =>
    examplesOf(model).map((example) => ({
      url: `${url}${path}`,
      body: toJson(example.input),
      isRight: (answer: unknown) => exampleMismatch(example, answer as ObservedPrediction) === undefined,
    })),
  );
  return { url: `${url}${all[0]?.path ?? ''}`, headers: keyHeader(), requests };
}
