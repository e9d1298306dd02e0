import { existsSync } from 'node:fs';
import { cp, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CommandFailed, exec, type ExecContext } from '../tools/exec.ts';
import { MissingTool } from '../tools/tool.ts';

/** What no other machine needs: what npm installs, what git knows, and what other commands write. */
const leftOut = new Set(['node_modules', '.git', '.rhizome', 'dist', 'coverage']);

/** Copies the files of the project into a folder. Files such as .env stay here, since they hold secrets. */
export async function copyProject(context: ExecContext, folder: string): Promise<void> {
  for (const path of await projectFiles(context))
    await cp(join(context.root, path), join(folder, path), {
      recursive: true,
      filter: (source) => !/^\.env(\.|$)/.test(basename(source)),
    });
}

/**
 * Returns what the project consists of, relative to its folder: the files that git does not ignore, or all but some
 * folders where there is no git.
 */
async function projectFiles(context: ExecContext): Promise<readonly string[]> {
  try {
    const list = ['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'];
    const files = (await exec(context, list, { quiet: true })).split('\0').filter((file) => file !== '');
    // Git also lists what was deleted since the last commit.
    return files.filter((file) => existsSync(join(context.root, file)));
  } catch (error) {
    if (!(error instanceof CommandFailed || error instanceof MissingTool)) throw error;
    return (await readdir(context.root)).filter((name) => !leftOut.has(name));
  }
}
