import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { execa } from 'execa';
import { variables } from './suite.ts';

/**
 * Has e2e/run.ts run a command after the tests, however those end. To be called before that is made which the command
 * removes; what is not there is no failure. The last command is run first.
 */
export function cleanUpAtEnd(...argv: readonly string[]): void {
  const file = process.env[variables.cleanUp];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(argv)}\n`);
}

/** Runs the commands of the file, each once. */
export async function runCleanUps(file: string, env: NodeJS.ProcessEnv): Promise<void> {
  if (!existsSync(file)) return;
  // Test files register what they share again: the first registration tells when it was made.
  const lines = new Set(
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line !== ''),
  );
  for (const line of [...lines].reverse()) {
    const [command = '', ...args] = JSON.parse(line) as string[];
    const { failed, stderr } = await execa(command, args, { env, extendEnv: false, reject: false, timeout: 120_000 });
    if (failed && !/not ?found|no such|no context exists|is not paused/i.test(stderr))
      console.error(`could not be undone: ${[command, ...args].join(' ')}\n${stderr}`);
  }
}
