import { Failure } from '../failure.ts';
import type { ExecContext } from '../tools/exec.ts';

/** Shows a failure of `up --watch`, which does not end the command. */
export function reportFailure({ report }: Pick<ExecContext, 'report'>, { message, details, hint }: Failure): void {
  report.failure(message, details, hint);
}

/** Deploys a change for `up --watch`. A failure is shown, and the next change tries again. */
export async function keepGoing(context: ExecContext, deploy: () => Promise<void>): Promise<void> {
  try {
    await deploy();
  } catch (error) {
    if (context.signal.aborted) return;
    if (!(error instanceof Failure)) throw error;
    reportFailure(context, error);
    context.report.line('Waiting for the next change. What ran before keeps running.');
  }
}
