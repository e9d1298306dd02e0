import { closeSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { createPrivateFile } from './private-files.ts';
import { localPaths } from './state.ts';

/** The command that stops the replicas of another terminal. */
export type StoppingCommand = 'up' | 'down';

/** Records which command is about to stop the local runtime, for the terminal that runs it. */
export function recordStopper(root: string, command: StoppingCommand): void {
  const { stopper } = localPaths(root);
  rmSync(stopper, { force: true });
  const file = createPrivateFile(stopper);
  try {
    writeSync(file, JSON.stringify({ command, pid: process.pid }));
  } finally {
    closeSync(file);
  }
}

/** Returns why the local runtime stops, if another command stops it. */
export function describeStopper(root: string): string | undefined {
  try {
    const { command, pid } = JSON.parse(readFileSync(localPaths(root).stopper, 'utf8')) as Record<string, unknown>;
    if (!Number.isInteger(pid)) return undefined;
    return command === 'up'
      ? `Another \`rhizome up\` (pid ${String(pid)}) takes over this project's replicas.`
      : `\`rhizome down\` (pid ${String(pid)}) stops the replicas.`;
  } catch {
    // Ctrl-C stops it, or the file is incomplete.
    return undefined;
  }
}
