import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A tool that a test cannot do without, and where a reader gets it. */
export interface RequiredTool {
  readonly tool: string;
  readonly hint: string;
}

/** The path of an executable: in `folders`, then on PATH; undefined where it is missing. */
export function findTool(tool: string, folders: readonly string[] = []): string | undefined {
  return [...folders, ...(process.env.PATH ?? '').split(delimiter)]
    .map((folder) => join(folder, tool))
    .find((path) => existsSync(path));
}

/**
 * A test that is skipped by name, with the reason, where there is a reason. On CI (CI is set) it fails there: nothing is
 * skipped.
 */
export function testUnless(reason: string | undefined, title: string, run: () => Promise<void>): void {
  if (reason === undefined) test(title, run);
  else if (process.env.CI === undefined) test.skip(`${title} (${reason})`, run);
  else
    test(title, () => {
      throw new Error(reason);
    });
}

/** A test that cannot do without some tools. */
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
