import { once } from 'node:events';
import type { ImageSources } from '../images/image-sources.ts';
import { watchFiles } from '../local/index.ts';
import type { ExecContext } from '../tools/exec.ts';
import { keepGoing, reportFailure } from './keep-going.ts';

/**
 * Calls a function whenever something changes that the image or the manifests are made of, until Ctrl-C. A change
 * during a call causes one more. A failure is shown, and the next change tries again.
 *
 * @param sources reads what they are made of; called again when that may have changed
 * @param fixed files that have no effect on what runs, and what to do after a change
 */
export async function redeployOnChange(
  context: ExecContext,
  sources: () => ImageSources,
  redeploy: () => Promise<void>,
  fixed: ReadonlyMap<string, string> = new Map(),
): Promise<void> {
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
  if (watching.notWatched.length > 0)
    report.line(
      `Changes are deployed in ${[...watching.watched.folders, ...watching.watched.files].join(', ')}. ` +
        `The Dockerfile also copies what cannot be watched: ${watching.notWatched.join(', ')}`,
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
}
