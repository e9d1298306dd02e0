import { exampleMismatch, type ObservedPrediction } from '../../onnx/batch/example-mismatch.ts';
import { toJson } from '../json.ts';
import { predictionsPath, projectModel, projectModels, type ProjectModel } from '../project/models.ts';
import { apiKey } from '../ask/connection.ts';
import { examplesOf, verifyModel } from '../ask/verify-models.ts';
import type { ExecContext } from '../tools/exec.ts';
import type { LoadRequest } from './attempt.ts';

export interface ExampleLoad {
  /** The URL of the first request. */
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly requests: readonly LoadRequest[];
}

/**
 * Returns the models' examples as a load. Every prediction has to be that of model.json.
 * @param asked a model, such as `wine` or `wine/2`; by default all models, in turn
 */
export async function loadOfExamples(root: string, url: string, asked?: string): Promise<ExampleLoad> {
  return toLoad(url, await targets(root, asked));
}

/**
 * Like `loadOfExamples`, but first checks a prediction of each model, so that a wrong URL, API key or model is one
 * clear message rather than thousands of failures.
 */
export async function assertedLoad(context: ExecContext, url: string, asked?: string): Promise<ExampleLoad> {
  const all = await targets(context.root, asked);
  for (const { model, path } of all) await verifyModel(context, url, model, path);
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
      isCorrect: (prediction: unknown) => exampleMismatch(example, prediction as ObservedPrediction) === undefined,
    })),
  );
  const key = apiKey();
  return {
    url: `${url}${all[0]?.path ?? ''}`,
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    requests,
  };
}
