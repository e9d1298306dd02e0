import type { Engine } from '../../onnx/engine/engine.ts';
import { Failure } from '../failure.ts';

/** The engine that the service runs models with. Loaded when it is first asked for: it is large, and most commands do without it. */
export async function loadRuntime(): Promise<Engine> {
  try {
    return (await import('../../onnx/engine/onnxruntime.ts')).onnxruntime;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new Failure('The ONNX runtime is not installed here.', {
      cause,
      hint: 'rhizome init adds it to package.json; or: npm install onnxruntime-node',
    });
  }
}
