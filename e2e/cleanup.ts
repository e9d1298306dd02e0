import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { execa } from 'execa';
import { variables } from './suite.ts';

/**
 * Registers a command that e2e/run.ts runs after the tests, however they end. Call this before you create what the
 * command removes: it is not an error if there is nothing to remove. The commands run in reverse order of registration.
 */
export function cleanUpAtEnd(...argv: readonly string[]): void {
  const file = process.env[variables.cleanUp];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(argv)}\n`);
}

/** Runs each command in the file once. */
export async function runCleanUps(file: string, env: NodeJS.ProcessEnv): Promise<void> {
  if (!existsSync(file)) return;
  // Several test files may register the same command. Its first registration counts, because that is when the thing to
  // remove was created.
  const lines = new Set(
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== ''),
  );
  for (const line of [...lines].reverse()) {
    const [command = '', ...args] = JSON.parse(line) as string[];
    const { failed, stderr } = await execa(command, args, { env, extendEnv: false, reject: false, timeout: 120_000 });
    if (failed && !/not ?found|no such|no context exists|is not paused/i.test(stderr))
      console.error(`Cleaning up failed: ${[command, ...args].join(' ')}\n${stderr}`);
  }
}
