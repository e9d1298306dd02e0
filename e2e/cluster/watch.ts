import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { context, name } from './testbed.ts';

/**
 * Watches objects in the testbed's namespace until the signal aborts.
 *
 * @param objects arguments of `kubectl get`
 * @param jsonpath what to print of an object. Without `range`: kubectl fails at the second object then.
 * @returns a line for each object, and for each change of one
 */
export async function* watchObjects(
  objects: readonly string[],
  jsonpath: string,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const args = ['--context', context, '--namespace', name, 'get', ...objects, '--watch'];
  // The API server ends a watch now and then. A new one begins with the current state.
  while (!signal.aborted) {
    const watch = execa('kubectl', [...args, '--output', `jsonpath=${jsonpath}{"\\n"}`], {
      cancelSignal: signal,
      reject: false,
    });
    yield* watch;
    await sleep(200);
  }
}
