import { execaSync } from 'execa';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Copies the files of a project, or of a folder of it, including those that are not committed yet. */
export function copyProject(from: string, to: string): void {
  const { stdout } = execaSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: from });
  // The index may still list a file that was deleted.
  for (const file of stdout.split('\n').filter((name) => existsSync(join(from, name)))) {
    mkdirSync(dirname(join(to, file)), { recursive: true });
    cpSync(join(from, file), join(to, file));
  }
}
