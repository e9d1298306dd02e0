import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { root, sharedCache } from '../models/model-cache.ts';

/** The last commit before requests were batched. `BENCH_BASELINE` names another one. */
const DEFAULT_BASELINE = '4fc418a';

/** An older version of the service, to measure in the same run. */
export interface Baseline {
  readonly commit: string;
  /** A folder with its files. */
  readonly sources: string;
}

/** Unpacks the files of the older commit. It runs with the packages of this one. @throws {Error} if git lacks it */
export async function baseline(): Promise<Baseline> {
  const commit = process.env['BENCH_BASELINE'] ?? DEFAULT_BASELINE;
  const sources = join(sharedCache, `baseline-${commit}`);
  const main = join(sources, 'service/main.ts');
  if (!existsSync(main)) {
    await mkdir(sources, { recursive: true });
    await promisify(execFile)('sh', ['-c', 'git archive "$0" | tar -x -C "$1"', commit, sources], { cwd: root });
    if (!existsSync(main)) throw new Error(`git has no commit ${commit}`);
  }
  // The checkout that unpacked it may be gone.
  await rm(join(sources, 'node_modules'), { force: true });
  await symlink(join(root, 'node_modules'), join(sources, 'node_modules'));
  return { commit, sources };
}
