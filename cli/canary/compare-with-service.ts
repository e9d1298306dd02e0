import type { Prediction } from '../../onnx/batch/decode-predictions.ts';
import { ServiceProblem } from '../../client/index.ts';
import { asFailure, connect, patient } from '../ask/connection.ts';
import { Comparison } from '../compare/comparison.ts';
import { digits, shown } from '../compare/format.ts';
import { openForward } from '../cluster/port-forward.ts';
import { Failure } from '../failure.ts';
import { toJson } from '../json.ts';
import { ofVariant, type Manifests, type VariantDeployment } from '../project/manifests.ts';
import { predictionsPath, projectModels, type ProjectModel } from '../project/models.ts';
import type { ExecContext } from '../tools/exec.ts';

/** How far two numbers may be from each other and still count as the same, as in `rhizome compare`. */
const tolerance = 1e-4;

/** How a canary predicts the recorded examples, compared with the service. */
export interface CanaryComparison {
  readonly rows: number;
  readonly changed: number;
  /** Up to five changed predictions per model, each as a line. */
  readonly changes: readonly string[];
  /** The largest difference of two numbers, as a line. Undefined if there is none. */
  readonly largest: string | undefined;
}

/**
 * Sends the examples of the project's models to the service and to its canary, through forwarded ports, and compares
 * the predictions with each other, not with those in model.json: a new model may be better than its examples.
 *
 * @throws {Failure} if the canary cannot predict one
 */
export async function compareWithService(
  context: ExecContext,
  kubeContext: string,
  manifests: Manifests,
  canary: VariantDeployment,
): Promise<CanaryComparison> {
  const models = (await projectModels(context.root)).filter(
    ({ isLatest, examples }) => isLatest && examples.length > 0,
  );
  if (models.length === 0) return { rows: 0, changed: 0, changes: [], largest: undefined };
  const results: Comparison[] = [];
  const service = await openForward(context, kubeContext, manifests, 0);
  try {
    const other = await openForward(context, kubeContext, ofVariant(manifests, canary), 0);
    try {
      for (const model of models) results.push(await compareModel(context, model, service.url, other.url));
    } finally {
      await other.close();
    }
  } finally {
    await service.close();
  }
  return {
    rows: sum(results.map(({ rows }) => rows)),
    changed: sum(results.map(({ changed }) => changed)),
    changes: results.flatMap((result, index) => linesOf(models[index] as ProjectModel, result)),
    largest: largestOf(results),
  };
}

async function compareModel(
  context: ExecContext,
  model: ProjectModel,
  service: string,
  canary: string,
): Promise<Comparison> {
  const comparison = new Comparison(tolerance);
  for (const [index, { input }] of model.examples.entries()) {
    const body = toJson(input);
    const before = await ask(context, service, model, body).catch((error: unknown) => {
      // A model that only the canary has.
      if (error instanceof Failure && error.cause instanceof ServiceProblem && error.cause.code === 'model-not-found')
        return undefined;
      throw error;
    });
    const after = await ask(context, canary, model, body).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      throw new Failure(`The canary does not predict example ${String(index + 1)} of ${model.name}: ${error.message}`, {
        cause: error,
        details: [...error.details, `sent ${body}`],
        hint: 'It runs without requests. Correct it in infra/, or remove it: rhizome rollback',
      });
    });
    for (const [row, prediction] of (before ?? []).entries())
      comparison.add({ at: index + 1, before: prediction, after: after[row] ?? {} });
  }
  return comparison;
}

/** Returns one prediction for each row of an example. */
async function ask(
  context: ExecContext,
  url: string,
  model: ProjectModel,
  body: string,
): Promise<readonly Prediction[]> {
  try {
    const answer = await connect(context, url).request(predictionsPath(model), { ...patient, body });
    return (Array.isArray(answer) ? answer : [answer]) as Prediction[];
  } catch (error) {
    throw asFailure(error, url);
  }
}

const linesOf = ({ name }: ProjectModel, { changes }: Comparison): readonly string[] =>
  changes.map(({ at, before, after }) => `${name}, example ${String(at)}: ${shown(before)} → ${shown(after)}`);

function largestOf(results: readonly Comparison[]): string | undefined {
  const [largest] = results.flatMap(({ largest: each }) => each ?? []).toSorted((a, b) => b.difference - a.difference);
  if (largest === undefined || largest.difference === 0) return undefined;
  const { what, before, after, difference } = largest;
  return `${what} ${digits(before)} → ${digits(after)}, a difference of ${digits(difference)}`;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
