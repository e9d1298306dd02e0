import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExternalFile } from '../engine/engine.ts';
import { ExternalDataError, externalTensors, withInnerTensors, type ExternalTensor } from '../graph/external-data.ts';
import { isLfsPointer } from './file-kind.ts';

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
 * @throws {ExternalDataError} if a file is missing, too short, or outside the model's folder
 */
export async function readExternalWeights(model: Uint8Array, folder: string): Promise<ModelWithWeights> {
  const tensors = externalTensors(model);
  const files = new Map<string, Uint8Array>();
  for (const [location, some] of Map.groupBy(tensors, (tensor) => tensor.location))
    files.set(location, await readWeights(folder, location, some));
  const ofGraph = new Set(tensors.filter((tensor) => tensor.ofGraph).map(({ location }) => location));
  const whole = tensors.every((tensor) => tensor.ofGraph)
    ? model
    : withInnerTensors(model, (location) => files.get(location) ?? new Uint8Array());
  return {
    model: whole,
    files: [...files].filter(([path]) => ofGraph.has(path)).map(([path, data]) => ({ path, data })),
  };
}

async function readWeights(folder: string, location: string, tensors: readonly ExternalTensor[]): Promise<Uint8Array> {
  const path = join(folder, location);
  const last = tensors.reduce((one, other) => (other.offset + other.bytes > one.offset + one.bytes ? other : one));
  const needed = last.offset + last.bytes;
  const count = tensors.length === 1 ? `the weight '${last.name}' is` : `${tensors.length} of its weights are`;
  const handle = await open(path).catch((cause: unknown) => {
    const problem =
      (cause as NodeJS.ErrnoException).code === 'ENOENT'
        ? `which is missing: copy the file there (at least ${needed} bytes)`
        : `which cannot be read: ${String(cause)}`;
    throw new ExternalDataError(`${count} in ${path}, ${problem}`, { cause });
  });
  try {
    const data = await readAll(handle);
    if (data.length >= needed) return data;
    if (isLfsPointer(data))
      throw new ExternalDataError(`${path} is a Git LFS pointer, not the weights: run git lfs pull`);
    throw new ExternalDataError(
      `${path} has ${data.length} bytes, but the weight '${last.name}' is in bytes ${last.offset} to ${needed}. ` +
        'Either the copy was interrupted, or the file belongs to another model: copy the file again.',
    );
  } finally {
    await handle.close();
  }
}

/** Reads a file in pieces, since `readFile` stops at 2 GB. */
async function readAll(handle: FileHandle): Promise<Uint8Array> {
  const data = new Uint8Array((await handle.stat()).size);
  for (let at = 0; at < data.length;) {
    const { bytesRead } = await handle.read(data, at, Math.min(data.length - at, 2 ** 30), at);
    if (bytesRead === 0) return data.subarray(0, at);
    at += bytesRead;
  }
  return data;
}
