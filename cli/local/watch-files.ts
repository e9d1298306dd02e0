import { existsSync, watch } from 'node:fs';
import { join } from 'node:path';

/** What replicas run: the models and, in a clone, the code of the service. */
const folders = ['models', 'service', 'onnx'] as const;

/** Files that no replica reads. */
const ignored = /\.(test|case)\.ts$|~$|\.swp$|(^|[/\\])(fixtures|__pycache__)([/\\]|$)/;

/** Long enough that a save that writes several files is one change, and short enough not to be noticed. */
const settleMs = 100;

/**
 * Watches what a project's replicas run, until the signal aborts. Calls `onChange` with the path of a file, relative to
 * the project's folder, once nothing has changed for 0.1 s after it.
 */
export function watchFiles(root: string, signal: AbortSignal, onChange: (path: string) => void): void {
  let settled: NodeJS.Timeout | undefined;
  signal.addEventListener('abort', () => {
    clearTimeout(settled);
  });
  for (const folder of folders.filter((name) => existsSync(join(root, name)))) {
    watch(join(root, folder), { recursive: true, signal }, (_event, name) => {
      if (name === null || ignored.test(name)) return;
      clearTimeout(settled);
      settled = setTimeout(() => {
        onChange(join(folder, name));
      }, settleMs);
    });
  }
}
