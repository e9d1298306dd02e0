import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A command-line tool that a test requires. */
export interface RequiredTool {
  readonly tool: string;
  /** How to get it. */
  readonly hint: string;
}

/** Returns the path of an executable, found in `folders` or on the PATH, or undefined if it is missing. */
export function findTool(tool: string, folders: readonly string[] = []): string | undefined {
  return [...folders, ...(process.env.PATH ?? '').split(delimiter)]
    .map((folder) => join(folder, tool))
    .find((path) => existsSync(path));
}

/**
 * Defines a test that is skipped, with the reason in its title, if there is a reason. On CI (if the variable CI is set)
 * the test fails instead, so that nothing is skipped.
 */
export function testUnless(reason: string | undefined, title: string, run: () => Promise<void>): void {
  if (reason === undefined) test(title, run);
  else if (process.env.CI === undefined) test.skip(`${title} (${reason})`, run);
  else
    test(title, () => {
      throw new Error(reason);
    });
}

/** Defines a test that is skipped unless all of the tools that it requires are installed. */
export function testWithTools(
  needs: readonly RequiredTool[],
  title: string,
  run: () => Promise<void>,
  folders?: readonly string[],
): void {
  const missing = needs.filter(({ tool }) => findTool(tool, folders) === undefined);
  const reason = missing.map(({ tool, hint }) => `needs ${tool}: ${hint}`).join('; ');
  testUnless(missing.length === 0 ? undefined : reason, title, run);
}
