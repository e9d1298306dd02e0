import { dirname, join } from 'node:path';
import { placeOf } from '../../onnx/file/model-folders.ts';
import { repositoryFiles } from '../../onnx/file/repository-files.ts';
import type { Engine } from '../../onnx/engine/engine.ts';
import { Failure, reasonOf } from '../failure.ts';
import type { Skip } from '../terminal/steps.ts';
import type { ExecContext } from '../tools/exec.ts';
import { loadApart } from './load-engine.ts';

/**
 * Loads every model of the project and runs its examples on this machine, as each replica will: a model that cannot
 * become ready is found in a second, instead of after a build and a rollout.
 * @param folder another folder of models, or of one model
 * @throws {Failure} if a replica would not become ready
 */
export async function verifyHere(
  { root, report, signal }: ExecContext,
  skip: Skip,
  folder = join(root, 'models'),
): Promise<void> {
  let engine: Engine;
  try {
    engine = await loadApart();
  } catch (error) {
    // A project may only deploy: the image has a runtime of its own.
    if (!(error instanceof Failure)) throw error;
    skip(error.message);
    return;
  }
  const { Model } = await import('../../onnx/model.ts');
  const problems: string[] = [];
  const models = repositoryFiles(folder).filter(({ path }) => path.endsWith('/model.onnx'));
  for (const [index, { path, file }] of models.entries()) {
    signal.throwIfAborted();
    report.share(index / models.length);
    const name = `models/${dirname(path)}`;
    report.progress([name]);
    try {
      const model = await Model.load(dirname(file), engine, { threads: 1 }, placeOf(dirname(path)));
      await model.verify().finally(() => model.release());
    } catch (error) {
      problems.push(`${name} cannot be served: ${reasonOf(error)}`);
    }
  }
  const [first, ...others] = problems;
  if (first === undefined) return;
  throw new Failure(first, {
    details: others,
    hint:
      'Nothing was built or applied. Correct the examples in its model.json, or export the model again. ' +
      'If it can only run in the cluster: --no-verify.',
  });
}
