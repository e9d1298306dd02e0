import type { Session } from '../../../onnx/engine/engine.ts';
import type { Tensors } from '../run.ts';

/** Sees the inputs and outputs of each run that succeeded. It must not keep them. */
export type RunWatcher = (feeds: Tensors, outputs: Tensors) => void;

/** Returns a session whose runs a function sees. */
export function watchedSession(session: Pick<Session, 'run'>, watch: RunWatcher): Pick<Session, 'run'> {
  return {
    run: async (feeds, fetches) => {
      const outputs = await session.run(feeds, fetches);
      watch(feeds, outputs);
      return outputs;
    },
  };
}
