import { once } from 'node:events';
import type { ImageSources } from '../images/image-sources.ts';
import { watchFiles } from '../local/index.ts';
import type { ExecContext } from '../tools/exec.ts';
import { keepGoing, reportFailure } from './keep-going.ts';

/** Records changes of what the image and the manifests are made of, until it ends. */
export interface SourceWatch {
  /**
   * Calls a function after each change, until Ctrl-C, and at once for what has changed since the watch began. A change
   * during a call causes one more. A failure is shown, and the next change tries again.
   */
  redeployOnChange(redeploy: () => Promise<void>): Promise<void>;
  end(): void;
}

/**
 * Watches what the image and the manifests are made of.
 *
 * @param sources reads what they are made of; called again when that may have changed
 * @param fixed files that have no effect on what runs, and what to do after a change
 */
export function watchSources(
  context: ExecContext,
  sources: () => ImageSources,
  fixed: ReadonlyMap<string, string> = new Map(),
): SourceWatch {
  const { root, report, signal } = context;
  const interrupted = (): boolean => signal.aborted;
  const changes = new EventTarget();
  let pending: string[] = [];
  const start = (): ImageSources & { readonly end: AbortController } => {
    const found = sources();
    const end = new AbortController();
    watchFiles(root, {
      watched: { ...found.watched, files: [...found.watched.files, ...fixed.keys()] },
      signal: AbortSignal.any([signal, end.signal]),
      onChange(paths) {
        pending.push(...paths);
        changes.dispatchEvent(new Event('change'));
      },
      onError: (failure) => {
        reportFailure(context, failure);
      },
    });
    return { ...found, end };
  };
  let watching = start();
  return {
    async redeployOnChange(redeploy) {
      const { watched, notWatched } = watching;
      if (notWatched.length > 0)
        report.line(
          `Changes are deployed in ${[...watched.folders, ...watched.files].join(', ')}. ` +
            `The Dockerfile also copies what cannot be watched: ${notWatched.join(', ')}`,
        );
      for (;;) {
        if (pending.length === 0) await once(changes, 'change', { signal }).catch(() => undefined);
        if (interrupted()) return;
        const changed = pending.filter((path) => !fixed.has(path));
        for (const [path, advice] of fixed) if (pending.includes(path)) report.line(`${path} changed: ${advice}`);
        pending = [];
        if (changed.length === 0) continue;
        if (changed.some((path) => watching.from.includes(path))) {
          watching.end.abort();
          watching = start();
        }
        report.line(`${changed.at(-1) ?? 'A file'} changed: deploying it.`);
        await keepGoing(context, redeploy);
        if (interrupted()) return;
      }
    },
    end() {
      watching.end.abort();
    },
  };
}
