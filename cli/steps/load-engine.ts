import type { Engine } from '../../onnx/engine/engine.ts';
import { Failure } from '../failure.ts';

/**
 * Imports the engine with which the service runs models. It is large, and most commands don't need it.
 * @throws {Failure} if onnxruntime-node is not installed
 */
export async function loadRuntime(): Promise<Engine> {
  try {
    return (await import('../../onnx/engine/onnxruntime.ts')).onnxruntime;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new Failure('The ONNX runtime is not installed in this project.', {
      cause,
      hint: 'Install it: npm install onnxruntime-node. Projects made by `rhizome init` have it in package.json.',
    });
  }
}
