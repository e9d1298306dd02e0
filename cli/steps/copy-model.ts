import { constants } from 'node:fs';
import { cp, mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '../failure.ts';

/**
 * Copies a model into a folder, as model.onnx, with the files beside it that hold its weights.
 * @returns the names of those files, as the model has them
 * @throws Failure where one cannot be read; what is no model, or names a file elsewhere, whoever loads the copy says
 */
export async function copyModel(file: string, folder: string): Promise<readonly string[]> {
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new Failure(`Cannot read ${file}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
      hint: 'Name the file that the exporter of your training library wrote.',
    });
  });
  await mkdir(folder, { recursive: true });
  await cp(file, join(folder, 'model.onnx'), { mode: constants.COPYFILE_FICLONE });
  const locations = await locationsOf(bytes);
  for (const location of locations) {
    await cp(join(dirname(file), location), join(folder, location), { mode: constants.COPYFILE_FICLONE }).catch(
      (cause: unknown) => {
        throw new Failure(
          `${file} has its weights in ${location}, which cannot be copied: ${cause instanceof Error ? cause.message : String(cause)}`,
          { cause, hint: `Bring ${location} too, from where the model was exported, and put it beside it.` },
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
