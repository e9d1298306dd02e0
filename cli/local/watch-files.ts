import { existsSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../failure.ts';

/** What is watched, relative to the project's folder. */
export interface Watched {
  /** With everything below them. Those that do not exist are left out. */
  readonly folders: readonly string[];
  /** They need not exist yet. */
  readonly files: readonly string[];
}

/**
 * What replicas on this machine run: the models, the manifests, the installed packages and, in a clone, the code of the
 * service.
 */
export const replicaSources: Watched = {
  folders: ['models', 'service', 'onnx', 'infra'],
  files: ['cdk8s.yaml', 'package.json', 'package-lock.json'],
};

/** Files that no replica reads. */
const ignored = /\.(test|case)\.ts$|~$|\.swp$|(^|[/\\])(fixtures|__pycache__)([/\\]|$)/;

/** Long enough that a save that writes several files is one change, and short enough not to be noticed. */
const settleMs = 100;

export interface FileWatch {
  /** @default replicaSources */
  readonly watched?: Watched;
  /** Ends the watch. Until then it keeps the process alive. */
  readonly signal: AbortSignal;
  /**
   * Called with the paths of all changed files, relative to the project's folder, once nothing has changed for 0.1 s.
   */
  readonly onChange: (paths: readonly string[]) => void;
  /** Called if a folder cannot be watched any more, or not completely. */
  readonly onError: (failure: Failure) => void;
}

/** Watches what a project's replicas run. @throws {Failure} if the operating system refuses */
export function watchFiles(
  root: string,
  { watched = replicaSources, signal, onChange, onError }: FileWatch,
  start = watch,
): void {
  let settled: NodeJS.Timeout | undefined;
  const changed = new Set<string>();
  signal.addEventListener('abort', () => {
    clearTimeout(settled);
  });
  const observe = (folder: string, recursive: boolean, concerns: (name: string) => boolean): void => {
    try {
      start(join(root, folder), { recursive, signal }, (_event, name) => {
        if (name === null || !concerns(name)) return;
        changed.add(join(folder, name));
        clearTimeout(settled);
        settled = setTimeout(() => {
          const paths = [...changed];
          changed.clear();
          onChange(paths);
        }, settleMs);
      }).on('error', (error) => {
        onError(watchFailure(folder, error));
      });
    } catch (error) {
      throw watchFailure(folder, error);
    }
  };
  for (const folder of watched.folders.filter((name) => existsSync(join(root, name))))
    observe(folder, true, (name) => !ignored.test(name));
  // Their folders, since editors replace a file, and nobody would notice what becomes of the new one.
  const names = Map.groupBy(watched.files, dirname);
  for (const [folder, files] of names) {
    if (!existsSync(join(root, folder))) continue;
    const own = new Set(files.map((file) => basename(file)));
    observe(folder, false, (name) => own.has(name));
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
  const what = folder === '.' ? "the project's folder" : `${folder}/`;
  return new Failure(`Cannot watch ${what} for changes: ${message}.`, {
    cause: error,
    hint:
      limit === undefined
        ? 'Check that the folder is readable, then run `rhizome up --watch` again; or run it without --watch.'
        : `The system's limit on watched files is reached. Raise it: sudo sysctl ${limit}. Or run without --watch.`,
  });
}
