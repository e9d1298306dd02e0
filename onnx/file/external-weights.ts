import { dirname, join } from 'node:path';
import type { ExternalFile } from '../engine/engine.ts';
import { ExternalDataError, externalTensors, withInnerTensors, type ExternalTensor } from '../graph/external-data.ts';
import { findBeside } from './file-beside.ts';
import { isLfsPointer } from './file-kind.ts';
import { openRegular, readAll, UnreadableFileError } from '../regular-file.ts';

/** A model and the files that hold its weights. */
export interface ModelWithWeights {
  /** The same object that was passed in, unless tensors had to be put into it. */
  readonly model: Uint8Array;
  readonly files: readonly ExternalFile[];
}

/**
 * Reads the files next to a model that hold its weights. Exporters write such files if the model would exceed the 2 GB
 * that protobuf allows; PyTorch's exporter always does.
 *
 * @param path the model's file
 * @param mostBytes the most bytes that the files may have in total
 * @throws {ExternalDataError} if a file is missing, too short, too large, or outside the model's folder
 */
export async function readExternalWeights(
  model: Uint8Array,
  path: string,
  mostBytes: number,
): Promise<ModelWithWeights> {
  const tensors = externalTensors(model);
  const files = new Map<string, Uint8Array>();
  let room = mostBytes;
  for (const [location, some] of Map.groupBy(tensors, (tensor) => tensor.location)) {
    const data = await readWeights(path, location, some, room);
    room -= data.length;
    files.set(location, data);
  }
  const ofGraph = new Set(tensors.filter((tensor) => tensor.ofGraph).map(({ location }) => location));
  const whole = tensors.every((tensor) => tensor.ofGraph)
    ? model
    : withInnerTensors(model, (location) => files.get(location) ?? new Uint8Array());
  return {
    model: whole,
    files: [...files]
      .filter(([location]) => ofGraph.has(location))
      .map(([location, data]) => ({ path: location, data })),
  };
}

/**
 * Returns the file that holds weights, with links followed.
 *
 * @param path the model's file
 * @param location the path of the weights as the model writes it
 * @throws {ExternalDataError} if it is not in the model's folder
 * @throws the error of the file system, if the file is missing
 */
export async function weightsFile(path: string, location: string): Promise<string> {
  const { file, isInside } = await findBeside(path, location);
  if (isInside) return file;
  throw new ExternalDataError(
    `the weights in '${location}' are a link to ${file}, which is not in the model's folder, so Rhizome does not ` +
      'read it. Copy the file there instead of the link.',
  );
}

async function readWeights(
  model: string,
  location: string,
  tensors: readonly ExternalTensor[],
  mostBytes: number,
): Promise<Uint8Array> {
  const path = join(dirname(model), location);
  const last = tensors.reduce((one, other) => (other.offset + other.bytes > one.offset + one.bytes ? other : one));
  const needed = last.offset + last.bytes;
  const count = tensors.length === 1 ? `the weight '${last.name}' is` : `${tensors.length} of its weights are`;
  const file = await weightsFile(model, location)
    .then(openRegular)
    .catch((cause: unknown) => {
      if (cause instanceof ExternalDataError) throw cause;
      const problem =
        (cause as NodeJS.ErrnoException).code === 'ENOENT'
          ? `which is missing: copy the file there (at least ${needed} bytes)`
          : `which cannot be read: ${cause instanceof UnreadableFileError ? cause.message : String(cause)}`;
      throw new ExternalDataError(`${count} in ${path}, ${problem}`, { cause });
    });
  try {
    if (file.size > mostBytes)
      throw new ExternalDataError(
        `${count} in ${path}, which has ${file.size} bytes, but with the model at most ${mostBytes} more fit into ` +
          'memory: raise the memory limit',
      );
    const data = await readAll(file);
    if (data.length >= needed) return data;
    if (isLfsPointer(data))
      throw new ExternalDataError(`${path} is a Git LFS pointer, not the weights: run git lfs pull`);
    throw new ExternalDataError(
      `${path} has ${data.length} bytes, but the weight '${last.name}' is in bytes ${last.offset} to ${needed}. ` +
        'Either the copy was interrupted, or the file belongs to another model: copy the file again.',
    );
  } finally {
    await file.handle.close();
  }
}
