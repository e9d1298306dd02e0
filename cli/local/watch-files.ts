import { existsSync, watch } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../failure.ts';

/** What replicas run: the models, the infrastructure and, in a clone, the code of the service. */
const folders = ['models', 'service', 'onnx', 'infra'] as const;

/** Files that no replica reads. */
const ignored = /\.(test|case)\.ts$|~$|\.swp$|(^|[/\\])(fixtures|__pycache__)([/\\]|$)/;

/** Long enough that a save that writes several files is one change, and short enough not to be noticed. */
const settleMs = 100;

export interface FileWatch {
  /** Ends the watch. Until then it keeps the process alive. */
  readonly signal: AbortSignal;
  /** Called with a file's path, relative to the project's folder, once nothing has changed for 0.1 s after it. */
  readonly onChange: (path: string) => void;
  /** Called if a folder cannot be watched any more, or not completely. */
  readonly onError: (failure: Failure) => void;
}

/** Watches what a project's replicas run. @throws {Failure} if the operating system refuses */
export function watchFiles(root: string, { signal, onChange, onError }: FileWatch, start = watch): void {
  let settled: NodeJS.Timeout | undefined;
  signal.addEventListener('abort', () => {
    clearTimeout(settled);
  });
  for (const folder of folders.filter((name) => existsSync(join(root, name)))) {
    try {
      start(join(root, folder), { recursive: true, signal }, (_event, name) => {
        if (name === null || ignored.test(name)) return;
        clearTimeout(settled);
        settled = setTimeout(() => {
          onChange(join(folder, name));
        }, settleMs);
      }).on('error', (error) => {
        onError(watchFailure(folder, error));
      });
    } catch (error) {
      throw watchFailure(folder, error);
    }
  }
}

/** Linux reports its limits as a full disk (ENOSPC) or as too many open files (EMFILE). */
function watchFailure(folder: string, error: unknown): Failure {
  const { code, message } = error as NodeJS.ErrnoException;
  const limit =
    code === 'ENOSPC'
      ? 'fs.inotify.max_user_watches=524288'
      : code === 'EMFILE'
        ? 'fs.inotify.max_user_instances=512'
        : undefined;
  return new Failure(`Cannot watch ${folder}/ for changes: ${message}.`, {
    cause: error,
    hint:
      limit === undefined
        ? 'Check that the folder is readable, then run `rhizome up --watch` again; or run it without --watch.'
        : `The system's limit on watched files is reached. Raise it: sudo sysctl ${limit}. Or run without --watch.`,
  });
}
