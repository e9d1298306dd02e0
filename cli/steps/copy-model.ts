import { constants, existsSync } from 'node:fs';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure, reasonOf } from '../failure.ts';

/**
 * Copies a model to a folder, as model.onnx, with the files next to it that hold its weights. Does not check that the
 * file is a valid model: loading the copy does.
 * @returns the names of the files with weights, as in the model
 * @throws {Failure} if a file cannot be read
 */
export async function copyModel(file: string, folder: string): Promise<readonly string[]> {
  const bytes = await readWhole(file).catch((cause: unknown) => {
    throw new Failure(`Cannot read ${file}: ${reasonOf(cause)}`, {
      cause,
      hint: 'Name the file that your training library exported.',
    });
  });
  await mkdir(folder, { recursive: true });
  await cp(file, join(folder, 'model.onnx'), { mode: constants.COPYFILE_FICLONE, dereference: true });
  const locations = await locationsOf(bytes);
  for (const location of locations) {
    await copyWeights(file, location, folder).catch((cause: unknown) => {
      throw new Failure(`${file} has weights in ${location}, which cannot be copied: ${reasonOf(cause)}`, {
        cause,
        hint: `Copy ${location}, too, from where the model was exported, and put it next to the model.`,
      });
    });
  }
  return locations;
}

/**
 * Checks, without the ONNX runtime, that a file is a model, and that its weights are there. `init` does so on any Node,
 * before anything is installed.
 * @throws {Failure} if it is not
 */
export async function checkModelFile(file: string): Promise<void> {
  const [{ readModelBytes }, { weightsFile }, { openRegular }] = await Promise.all([
    import('../../onnx/file/model-file.ts'),
    import('../../onnx/file/external-weights.ts'),
    import('../../onnx/regular-file.ts'),
  ]);
  const hint = 'Export the model, or leave out --model and add the model later.';
  if (!existsSync(file)) throw new Failure(`The file ${file} does not exist.`, { hint });
  const bytes = await readModelBytes(file).catch((cause: unknown) => {
    throw new Failure(`${file} cannot be served: ${reasonOf(cause)}`, { cause, hint });
  });
  for (const location of await locationsOf(bytes)) {
    try {
      await (await openRegular(await weightsFile(file, location))).handle.close();
    } catch (cause) {
      throw new Failure(`${file} has weights in ${location}, which cannot be read: ${reasonOf(cause)}`, {
        cause,
        hint,
      });
    }
  }
}

async function copyWeights(file: string, location: string, folder: string): Promise<void> {
  const [{ weightsFile }, { openRegular }] = await Promise.all([
    import('../../onnx/file/external-weights.ts'),
    import('../../onnx/regular-file.ts'),
  ]);
  const weights = await weightsFile(file, location);
  await (await openRegular(weights)).handle.close();
  await cp(weights, join(folder, location), { mode: constants.COPYFILE_FICLONE });
}

async function readWhole(path: string): Promise<Uint8Array> {
  const { openRegular, readAll } = await import('../../onnx/regular-file.ts');
  const file = await openRegular(path);
  try {
    return await readAll(file);
  } finally {
    await file.handle.close();
  }
}

/** Returns none for a file that is not a model: loading the copy says why. */
async function locationsOf(bytes: Uint8Array): Promise<readonly string[]> {
  const [{ externalTensors }, { checkCanonical }] = await Promise.all([
    import('../../onnx/graph/external-data.ts'),
    import('../../onnx/graph/canonical.ts'),
  ]);
  try {
    checkCanonical(bytes);
    return [...new Set(externalTensors(bytes).map(({ location }) => location))];
  } catch {
    return [];
  }
}
