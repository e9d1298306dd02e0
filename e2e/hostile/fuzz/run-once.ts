import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineError, type EngineOptions } from '../../../onnx/engine/engine.ts';
import { processEngine, type ProcessSession } from '../../../onnx/engine/process/process-engine.ts';
import { Model } from '../../../onnx/model.ts';

/** Loading a model and running it must take no longer. */
const MOST_MS = 5000;
/** What it may use, as in a container of 512 MiB. */
const MEMORY_BYTES = 256 * 2 ** 20;

/**
 * Loads a model in an inference process, and runs it on generated rows.
 *
 * @returns how that ended: the code of an error of the runtime, or how the process ended
 */
export async function runOnce(bytes: Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rhizome-fuzz-'));
  const file = join(folder, 'model.onnx');
  await writeFile(file, bytes);
  let session: ProcessSession | undefined;
  const engine = {
    load: async (model: Uint8Array, options: EngineOptions): Promise<ProcessSession> =>
      (session = await processEngine.load(model, {
        ...options,
        memoryBytes: MEMORY_BYTES,
        signal: AbortSignal.timeout(MOST_MS),
      })),
  };
  const timer = setTimeout(() => session?.kill(`it took more than ${MOST_MS} ms`), MOST_MS);
  try {
    const model = await Model.open(file, engine, { threads: 1 }, { name: 'm' });
    await model.verify();
    return 'it runs';
  } catch (error) {
    return describe(error);
  } finally {
    clearTimeout(timer);
    await session?.release();
    await rm(folder, { recursive: true, force: true });
  }
}

function describe(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof EngineError)
      return cause.code.startsWith('process-') ? `${cause.code}: ${cause.reason.slice(0, 80)}` : cause.code;
  return error instanceof Error ? `${error.name}: ${error.message.slice(0, 80)}` : String(error);
}
