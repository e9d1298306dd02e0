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

/** The longest time of one run. */
const RUN_SECONDS = 60;

/**
 * Returns an engine that runs each model in a process of its own, so that a file of a stranger can neither crash this
 * one nor occupy it forever.
 * @throws {Failure} if onnxruntime-node is not installed
 */
export async function loadApart(): Promise<Engine> {
  const [{ processEngine }] = await Promise.all([import('../../onnx/engine/process/process-engine.ts'), loadRuntime()]);
  return {
    async load(model, options) {
      const session = await processEngine.load(model, options);
      return {
        inputs: session.inputs,
        outputs: session.outputs,
        async run(feeds, fetches) {
          const timer = setTimeout(() => {
            session.kill(`a run took more than ${String(RUN_SECONDS)} s`);
          }, RUN_SECONDS * 1000);
          try {
            return await session.run(feeds, fetches);
          } finally {
            clearTimeout(timer);
          }
        },
        release: () => session.release(),
      };
    },
  };
}
