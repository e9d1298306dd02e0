import { constants } from 'node:fs';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '../failure.ts';

/**
 * Copies a model to a folder, as model.onnx, with the files next to it that hold its weights. Does not check that the
 * file is a valid model: loading the copy does.
 * @returns the names of the files with weights, as in the model
 * @throws {Failure} if a file cannot be read
 */
export async function copyModel(file: string, folder: string): Promise<readonly string[]> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new Failure(`Cannot read ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
      hint: 'Name the file that your training library exported.',
    });
  });
  await mkdir(folder, { recursive: true });
  await cp(file, join(folder, 'model.onnx'), { mode: constants.COPYFILE_FICLONE });
  const locations = await locationsOf(bytes);
  for (const location of locations) {
    await cp(join(dirname(file), location), join(folder, location), { mode: constants.COPYFILE_FICLONE }).catch(
      (cause: unknown) => {
        throw new Failure(
          `${file} has weights in ${location}, which cannot be copied: ` +
            (cause instanceof Error ? cause.message : String(cause)),
          { cause, hint: `Copy ${location}, too, from where the model was exported, and put it next to the model.` },
        );
      },
    );
  }
  return locations;
}

async function locationsOf(bytes: Uint8Array): Promise<readonly string[]> {
  const { externalTensors } = await import('../../onnx/graph/external-data.ts');
  try {
    return [...new Set(externalTensors(bytes).map(({ location }) => location))];
  } catch {
    return [];
  }
}
