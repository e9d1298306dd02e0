import { once } from 'node:events';
import { Failure } from '../failure.ts';
import { watchFiles } from '../local/index.ts';
import type { ExecContext } from '../tools/exec.ts';

/**
 * Calls a function whenever a model, the code of the service or the infrastructure changes, until Ctrl-C. A change
 * during a call causes one more. A failure is shown, and the next change tries again.
 */
export async function redeployOnChange(
  { root, report, signal }: ExecContext,
  redeploy: () => Promise<void>,
): Promise<void> {
  const interrupted = (): boolean => signal.aborted;
  const changes = new EventTarget();
  const pending: string[] = [];
  watchFiles(root, {
    signal,
    onChange(path) {
      pending.push(path);
      changes.dispatchEvent(new Event('change'));
    },
    onError: ({ message, hint = '' }) => {
      report.line(`${message} ${hint}`);
    },
  });
  for (;;) {
    if (pending.length === 0) await once(changes, 'change', { signal }).catch(() => undefined);
    if (interrupted()) return;
    report.line(`${pending.splice(0).at(-1) ?? 'A file'} changed: deploying it.`);
    try {
      await redeploy();
    } catch (error) {
      if (interrupted()) return;
      if (!(error instanceof Failure)) throw error;
      report.failure(error.message, error.details, error.hint);
      report.line('Waiting for the next change. What ran before keeps running.');
    }
  }
}
